#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draws the medians of skiff-bench's JSON as an SVG of bars, peers side by side.

    plot.py [-c CASE,...] [-i IMPLEMENTATION,...] [-k COUNTER] [-t TITLE] RESULT.json [...] >plot.svg

Benchmarks are named suite/implementation/case: one group of bars a case, one bar an implementation.
The value is the counter cycles_per_* (the one most of the chosen cases have), lower being better, or
the one named, a rate.
"""
import argparse
import collections
import json
import sys
from xml.sax.saxutils import escape

COLOURS = ['#1b6ca8', '#6fb1dc', '#b8d9ee', '#d1495b', '#edae49', '#8d6a9f', '#66a182', '#999999']
BAR, GAP, HEIGHT, LEFT, TOP = 22, 26, 260, 60, 60


def medians(paths, wanted):
    """{(implementation, case): (counter, value)} and the context of the last file."""
    found, context = {}, {}
    for path in paths:
        with open(path, encoding='utf-8') as f:
            result = json.load(f)
        context = result.get('context', {})
        for run in result['benchmarks']:
            name = run.get('run_name', run['name']).split('/')
            counters = [k for k in run if k == wanted and run[k] is not None] if wanted else [
                k for k in run if k.startswith('cycles_per_')]
            single = run.get('run_type') == 'iteration' and run.get('repetitions', 1) == 1
            if len(name) < 3 or not counters or not (single or run.get('aggregate_name') == 'median'):
                continue
            found[name[1], '/'.join(name[2:])] = (counters[0], run[counters[0]])
    return found, context


def choose(found, only_impls, only_cases):
    counters = collections.Counter(c for c, _ in found.values())
    if not counters:
        sys.exit('plot.py: no medians of such a counter in these files')
    counter = counters.most_common(1)[0][0]
    values = {key: value for key, (c, value) in found.items() if c == counter}
    impls = only_impls or list(dict.fromkeys(sorted({i for i, _ in values},
        key=lambda i: (not i.startswith('skiff'), i))))
    cases = only_cases or sorted({c for _, c in values})
    unknown = [n for n in impls if n not in {i for i, _ in values}]
    unknown += [n for n in cases if n not in {c for _, c in values}]
    if unknown:
        sys.exit('plot.py: not in these files: ' + ', '.join(unknown))
    return counter, values, impls, cases


def text(x, y, words, size=12, anchor='middle', more=''):
    return (f'<text x="{x:.0f}" y="{y:.0f}" font-size="{size}" text-anchor="{anchor}"{more}>'
            f'{escape(words)}</text>')


def bars(values, impls, cases):
    top = max(values[k] for k in values if k[0] in impls and k[1] in cases)
    x, out = LEFT, []
    for case in cases:
        start = x
        for n, impl in enumerate(impls):
            value = values.get((impl, case))
            if value is None:
                continue
            high = HEIGHT * value / top
            y = TOP + HEIGHT - high
            out.append(f'<rect x="{x}" y="{y:.1f}" width="{BAR - 2}" height="{high:.1f}" '
                       f'fill="{COLOURS[n % len(COLOURS)]}"><title>{escape(impl)} {escape(case)}: '
                       f'{value:.2f}</title></rect>')
            out.append(text(x + BAR / 2 - 1, y - 3, f'{value:.3g}', 9))
            x += BAR
        out.append(text((start + x) / 2, TOP + HEIGHT + 18, case))
        x += GAP
    return out, x


def main():
    parser = argparse.ArgumentParser(description='SVG bars from the JSON of skiff-bench')
    parser.add_argument('-c', '--cases', type=lambda s: s.split(','))
    parser.add_argument('-i', '--implementations', type=lambda s: s.split(','))
    parser.add_argument('-k', '--counter', help='a rate: higher is better')
    parser.add_argument('-t', '--title', default='skiff-bench')
    parser.add_argument('json', nargs='+')
    args = parser.parse_args()
    found, context = medians(args.json, args.counter)
    counter, values, impls, cases = choose(found, args.implementations, args.cases)
    body, width = bars(values, impls, cases)
    width = max(width, 480)
    rows = (len(impls) + 3) // 4
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
           f'height="{TOP + HEIGHT + 50 + 18 * rows}" font-family="sans-serif">',
           '<rect width="100%" height="100%" fill="white"/>',
           text(LEFT, 20, f"{args.title}: {counter}, median, {'higher' if args.counter else 'lower'} is better", 14, 'start'),
           text(LEFT, 36, f"{context.get('cpu', '')}, TSC {context.get('tsc_mhz', '?')} MHz, "
                f"{context.get('date', '')[:10]}", 10, 'start'),
           f'<line x1="{LEFT - 6}" x2="{width - 10}" y1="{TOP + HEIGHT}" y2="{TOP + HEIGHT}" '
           'stroke="black"/>']
    out += body
    for n, impl in enumerate(impls):
        x, y = LEFT + n % 4 * (width - LEFT) // 4, TOP + HEIGHT + 40 + 18 * (n // 4)
        out.append(f'<rect x="{x}" y="{y - 10}" width="12" height="12" '
                   f'fill="{COLOURS[n % len(COLOURS)]}"/>')
        out.append(text(x + 16, y, impl, 11, 'start'))
    print('\n'.join(out + ['</svg>']))


if __name__ == '__main__':
    main()
