/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a requested route one that can be? Types and scopes must agree, a gateway must be on-link
 * (RFC 1812 5.2.4.2: by a route of a narrower scope), its device up. Called by rib_info.c.
 */
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

#include "addrs.h"
#include "rib_check.h"
#include "rib_store.h"

static int check_device(struct cp *cp, const struct cp_link *l, struct rib_nh *nh)
{
	if (!cp_link_get(cp, l->ifindex)->carrier)
		nh->flags |= RTNH_F_LINKDOWN;
	return 0;
}

/* The user says that the gateway is on the link, so only the link is looked at. */
static int check_onlink(struct cp *cp, uint8_t scope, struct rib_nh *nh)
{
	const struct cp_link *l = cp_link_get(cp, nh->oif);

	if (scope >= RT_SCOPE_LINK)
		return cp_fail(cp, EINVAL, "Nexthop has invalid scope");
	if (l == NULL)
		return cp_fail(cp, ENODEV, "Nexthop device required for onlink");
	if (!(l->flags & IFF_UP))
		return cp_fail(cp, ENETDOWN, "Nexthop device is not up");
	if (rib_addr_type(cp, nh->gw, nh->oif) != RTN_UNICAST)
		return cp_fail(cp, EINVAL, "Nexthop has invalid gateway");
	nh->scope = RT_SCOPE_LINK;
	return check_device(cp, l, nh);
}

static int check_gateway(struct cp *cp, uint32_t table, uint8_t scope, struct rib_nh *nh)
{
	struct rib_flow fl = {.dst = nh->gw, .oif = nh->oif, .iif = 1, .scope = scope + 1};
	struct rib_result res = {0};
	const struct cp_link *l;
	int err = -ENETUNREACH;

	if (nh->flags & RTNH_F_ONLINK)
		return check_onlink(cp, scope, nh);
	if (fl.scope < RT_SCOPE_LINK)
		fl.scope = RT_SCOPE_LINK;
	if (table != 0 && table != RT_TABLE_MAIN)
		err = rib_table_lookup(cp, table, &fl, &res);
	if (err < 0)
		err = rib_lookup(cp, &fl, &res);
	if (err < 0)
		return cp_fail(cp, -err, "Nexthop has invalid gateway");
	if (res.route.type != RTN_UNICAST && res.route.type != RTN_LOCAL)
		return cp_fail(cp, EINVAL, "Nexthop has invalid gateway");
	nh->scope = res.route.fi->scope;
	nh->oif = res.nh->oif;
	l = cp_link_get(cp, nh->oif);
	if (l == NULL)
		return cp_fail(cp, EINVAL, "No egress device for nexthop gateway");
	check_device(cp, l, nh);
	return (l->flags & IFF_UP) ? 0 : -ENETDOWN;
}

static int check_direct(struct cp *cp, struct rib_nh *nh)
{
	const struct cp_link *l = cp_link_get(cp, nh->oif);

	if (nh->flags & (RTNH_F_PERVASIVE | RTNH_F_ONLINK))
		return cp_fail(cp, EINVAL,
			"Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
	if (l == NULL)
		return -ENODEV;
	if (!(l->flags & IFF_UP))
		return cp_fail(cp, ENETDOWN, "Device for nexthop is not up");
	nh->scope = RT_SCOPE_HOST;
	return check_device(cp, l, nh);
}

/* A route of host scope: an address of this host, its link need not be up. */
static int check_host(struct cp *cp, struct rib_info *fi)
{
	if (fi->n_nh != 1)
		return cp_fail(cp, EINVAL, "Route with host scope can not have multiple nexthops");
	if (fi->one.gw != 0)
		return cp_fail(cp, EINVAL, "Route with host scope can not have a gateway");
	fi->one.scope = RT_SCOPE_NOWHERE;
	return cp_link_get(cp, fi->one.oif) != NULL ? 0 : -ENODEV;
}

static int check_nexthops(struct cp *cp, const struct rib_cfg *cfg, struct rib_info *fi)
{
	struct rib_nh *nh = fi->n_nh > 1 ? fi->many : &fi->one;
	unsigned int linkdown = 0;
	int err;

	for (unsigned int i = 0; i < fi->n_nh; i++) {
		err = nh[i].gw != 0 ? check_gateway(cp, cfg->table, cfg->scope, &nh[i])
			: check_direct(cp, &nh[i]);
		if (err < 0)
			return err;
		linkdown += !!(nh[i].flags & RTNH_F_LINKDOWN);
	}
	if (linkdown == fi->n_nh)
		fi->flags |= RTNH_F_LINKDOWN;
	return 0;
}

static bool source_valid(const struct cp *cp, const struct rib_cfg *cfg)
{
	if (cfg->type == RTN_LOCAL && cfg->prefsrc == htonl(cfg->dst))
		return true;
	return rib_addr_type(cp, cfg->prefsrc, 0) == RTN_LOCAL || cp_addr_owner(cp, cfg->prefsrc);
}

static int take_nexthops(struct cp *cp, const struct rib_cfg *cfg, struct rib_info *fi)
{
	fi->n_nh = cfg->n_mp > 1 ? cfg->n_mp : 1;
	if (cfg->n_mp > 1) {
		fi->many = malloc(cfg->n_mp * sizeof(*fi->many));
		if (fi->many == NULL) {
			fi->n_nh = 1;
			return -ENOBUFS;
		}
		memcpy(fi->many, cfg->mp, cfg->n_mp * sizeof(*fi->many));
	} else if (cfg->n_mp == 1) {
		fi->one = cfg->mp[0];
	} else {
		fi->one = (struct rib_nh){.oif = cfg->oif, .gw = cfg->gw, .weight = 1,
			.flags = (uint8_t)(cfg->flags & (RTNH_F_ONLINK | RTNH_F_PERVASIVE))};
	}
	if (cfg->n_mp > 0 && cfg->oif != 0 && rib_info_nh(fi)->oif != cfg->oif)
		return cp_fail(cp, EINVAL, "Nexthop device index does not match RTA_OIF");
	if (cfg->n_mp > 0 && cfg->gw != 0 && rib_info_nh(fi)->gw != cfg->gw)
		return cp_fail(cp, EINVAL, "Nexthop gateway does not match RTA_GATEWAY or RTA_VIA");
	return 0;
}

static int check_kind(struct cp *cp, const struct rib_cfg *cfg)
{
	if (cfg->type > RTN_MAX)
		return -EINVAL;
	if (rib_props[cfg->type].scope > cfg->scope)
		return cp_fail(cp, EINVAL, "Invalid scope");
	if (cfg->flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN))
		return cp_fail(cp, EINVAL, "Invalid rtm_flags - can not contain DEAD or LINKDOWN");
	return 0;
}

int rib_check(struct cp *cp, const struct rib_cfg *cfg, struct rib_info *fi)
{
	int err = check_kind(cp, cfg);

	if (err == 0)
		err = take_nexthops(cp, cfg, fi);
	if (err < 0)
		return err;
	fi->protocol = cfg->protocol;
	fi->scope = cfg->scope;
	fi->type = cfg->type;
	fi->priority = cfg->priority;
	fi->prefsrc = cfg->prefsrc;
	if (rib_props[cfg->type].err != 0) {
		if (cfg->gw != 0 || cfg->oif != 0 || cfg->n_mp != 0)
			return cp_fail(cp, EINVAL,
				"Gateway, device and multipath can not be specified for this route type");
		return 0;
	}
	switch (cfg->type) {
	case RTN_UNICAST:
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
	case RTN_MULTICAST:
		break;
	default:
		return cp_fail(cp, EINVAL, "Invalid route type");
	}
	if (cfg->scope > RT_SCOPE_HOST)
		return cp_fail(cp, EINVAL, "Invalid scope");
	err = cfg->scope == RT_SCOPE_HOST ? check_host(cp, fi) : check_nexthops(cp, cfg, fi);
	if (err == 0 && cfg->prefsrc != 0 && !source_valid(cp, cfg))
		return cp_fail(cp, EINVAL, "Invalid prefsrc address");
	return err;
}
