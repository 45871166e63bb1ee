# SPDX-License-Identifier: BSD-3-Clause
# bash completion for skiff, skiffd and skiff-run. Own verbs come from skiffd's table; after a tool
# of Linux, that tool's own completion goes on.

_skiff()
{
	local cur socket=() i=1
	cur=${COMP_WORDS[COMP_CWORD]}

	while ((i < COMP_CWORD)); do
		case ${COMP_WORDS[i]} in
		-s | --socket)
			socket=(-s "${COMP_WORDS[i + 1]}")
			((i += 2))
			;;
		-*) ((i++)) ;;
		*) break ;;
		esac
	done
	if ((i > COMP_CWORD)); then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	if ((i < COMP_CWORD)); then
		case ${COMP_WORDS[i]} in
		load)
			mapfile -t COMPREPLY < <(compgen -f -W --check -- "$cur")
			return
			;;
		port | show | system | trace | help | save) ;;
		*)
			if declare -F _command_offset > /dev/null; then
				_command_offset "$i"
			fi
			return
			;;
		esac
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '-s --socket -j --json -h --help -V --version' -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" "${socket[@]}" complete \
		"${COMP_WORDS[@]:i:COMP_CWORD-i}" "$cur" 2> /dev/null)
	if ((i == COMP_CWORD)); then
		COMPREPLY+=($(compgen -W 'ip tc bridge' -- "$cur"))
	fi
}

_skiffd()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	case $prev in
	-c | --config | -s | --socket | --check)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	--log-level)
		mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$cur")
		;;
	*)
		mapfile -t COMPREPLY < <(compgen -W '-c --config -s --socket --check --log-level
			-h --help -V --version' -- "$cur")
		;;
	esac
}

_skiff_run()
{
	local i=1

	while ((i < COMP_CWORD)) && [[ ${COMP_WORDS[i]} == -* ]]; do
		((i += 2))
	done
	if declare -F _command_offset > /dev/null; then
		_command_offset "$i"
	fi
}

complete -F _skiff skiff
complete -o filenames -F _skiffd skiffd
complete -F _skiff_run skiff-run
