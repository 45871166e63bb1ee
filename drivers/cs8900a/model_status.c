/* SPDX-License-Identifier: BSD-3-Clause */
/* Registers that only tell how the chip stands: LineST and SelfST; and the medium in use. */
#include "model_priv.h"

static bool at_socket(const struct cs8900a_model *m, unsigned socket)
{
	return (m->conf.media & socket) && m->wire && !m->link_down && !m->pulled
		&& csm_wire_link(m->wire);
}

/* Automatic: 10BASE-T when it has a link. */
bool csm_aui(const struct cs8900a_model *m)
{
	if (m->linectl & CS_LINECTL_AUIONLY)
		return true;
	return (m->linectl & CS_LINECTL_AUTOAUI_10BT) && !at_socket(m, CS8900A_MODEL_10BT);
}

bool csm_plugged(const struct cs8900a_model *m)
{
	return at_socket(m, csm_aui(m) ? CS8900A_MODEL_AUI : CS8900A_MODEL_10BT);
}

bool csm_fdx(const struct cs8900a_model *m)
{
	return m->testctl & CS_TESTCTL_FDX;
}

static bool carrier(const struct cs8900a_model *m)
{
	return (m->rx.active && csm_plugged(m)) || (csm_mac_carrier(m) && !csm_fdx(m));
}

uint16_t csm_linest(const struct cs8900a_model *m)
{
	uint16_t v = CS_REGNO_LINEST;

	v |= csm_aui(m) ? CS_LINEST_AUI : CS_LINEST_10BT;
	if (!csm_aui(m) && csm_plugged(m))
		v |= CS_LINEST_LINKOK | CS_LINEST_POLARITYOK;
	if (carrier(m))
		v |= CS_LINEST_CRS;
	return v;
}

uint16_t csm_selfst(const struct cs8900a_model *m)
{
	uint16_t v = CS_REGNO_SELFST;

	if (m->initd)
		v |= CS_SELFST_INITD;
	if (m->ee.stuck || m->ee.done_at != CSM_NEVER || (!m->initd && csm_ee_load_words(m)))
		v |= CS_SELFST_SIBUSY;
	if (csm_ee_present(m)) {
		v |= CS_SELFST_EEPROMPRESENT;
		if (m->ee.words == 64)
			v |= CS_SELFST_EESIZE;
	}
	if (m->eeprom_ok)
		v |= CS_SELFST_EEPROMOK;
	return v;
}
