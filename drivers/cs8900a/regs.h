/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * The registers of the CS8900A (Crystal LAN, ISA, 10 Mb/s). Names are those of the data sheet DS271
 * in capitals, with a dash as an underscore: "Out-of-windowiE" of TxCFG is
 * CS_TXCFG_OUT_OF_WINDOWIE. Pure numbers: no includes, so that the driver, the chip model and
 * tools share it.
 *
 *  CS_IO_*       offset of a 16-bit I/O port from the base
 *  CS_PP_*       byte address in PacketPage memory
 *  CS_<REG>_*    bit, field mask or value of the register <REG>
 *  CS_RESET_*    what a register reads after reset; the X bits of the data sheet are 0
 *
 * Every register is 16 bits wide, little-endian. The low six bits of the registers 0100h-013Fh are
 * their number (CS_REGNO_MASK): always there on reading, without effect on writing.
 */

/* I/O ports: 16 bytes at a base that is a multiple of 16. */
#define CS_IO_DEFAULT_BASE 0x0300
#define CS_IO_SIZE 16
#define CS_IO_RXTX0 0x0 /* Receive/Transmit Data port 0: RxStatus, RxLength, frame; Tx frame */
#define CS_IO_RXTX1 0x2 /* its upper half in a 32-bit access */
#define CS_IO_TXCMD 0x4
#define CS_IO_TXLENGTH 0x6
#define CS_IO_ISQ 0x8
#define CS_IO_PTR 0xA  /* PacketPage Pointer */
#define CS_IO_DATA0 0xC /* PacketPage Data port 0: the word the pointer names */
#define CS_IO_DATA1 0xE

#define CS_PTR_ADDR 0x0FFF     /* byte address in PacketPage memory */
#define CS_PTR_FIXED_MASK 0x7000 /* read as CS_PTR_FIXED, whatever was written */
#define CS_PTR_FIXED 0x3000
#define CS_PTR_AUTO_INCREMENT 0x8000
#define CS_PTR_RESET 0x3000

/* Memory window */
#define CS_MEM_SIZE 0x1000 /* as large as it is aligned */

/* Bus interface registers */
#define CS_PP_EISA_ID 0x0000
#define CS_PP_PRODUCT_ID 0x0002
#define CS_PP_IO_BASE 0x0020
#define CS_PP_INTERRUPT 0x0022
#define CS_PP_DMA_CHANNEL 0x0024
#define CS_PP_DMA_START_OF_FRAME 0x0026
#define CS_PP_DMA_FRAME_COUNT 0x0028
#define CS_PP_RXDMA_BYTE_COUNT 0x002A
#define CS_PP_MEM_BASE 0x002C /* 20 bits in two words */
#define CS_PP_BOOT_PROM_BASE 0x0030
#define CS_PP_BOOT_PROM_MASK 0x0034
#define CS_PP_EEPROM_COMMAND 0x0040
#define CS_PP_EEPROM_DATA 0x0042
#define CS_PP_RX_BYTE_COUNTER 0x0050

#define CS_EISA_ID 0x630E
#define CS_PRODUCT_MASK 0xE0FF
#define CS_PRODUCT_CS8900 0x0000
#define CS_PRODUCT_CS8920 0x4000
#define CS_PRODUCT_CS8920M 0x6000
#define CS_REVISION_MASK 0x1F00
#define CS_REVISION_SHIFT 8
#define CS_REVISION_CS8900A_B 0x07
#define CS_REVISION_CS8900A_C 0x08
#define CS_REVISION_CS8900A_D 0x09
#define CS_REVISION_CS8900A_F 0x0A

#define CS_INTERRUPT_MASK 0x0007
#define CS_INTERRUPT_NONE 0x0004 /* 1xxb: no pin driven */
#define CS_DMA_CHANNEL_MASK 0x0003
#define CS_DMA_CHANNEL_NONE 0x0003
#define CS_DMA_FRAME_COUNT_MASK 0x0FFF

#define CS_RESET_IO_BASE 0x0300
#define CS_RESET_INTERRUPT 0x0004
#define CS_RESET_DMA_CHANNEL 0x0003

/* EEPROM Command */
#define CS_EEPROM_ADDR 0x00FF
#define CS_EEPROM_OPCODE 0x0300
#define CS_EEPROM_WRITE_DISABLE 0x0000
#define CS_EEPROM_WRITE_ENABLE 0x00F0
#define CS_EEPROM_WRITE 0x0100 /* | address; the data first into CS_PP_EEPROM_DATA */
#define CS_EEPROM_READ 0x0200  /* | address */
#define CS_EEPROM_ERASE 0x0300 /* | address */
#define CS_EEPROM_ELSEL 0x0400

/* EEPROM contents: the reset configuration block, which the chip reads */
#define CS_EEPROM_VALID_MASK 0xF000 /* of word 0 */
#define CS_EEPROM_VALID 0xA000
#define CS_EEPROM_LINK_MASK 0x00FF  /* of word 0: bytes that follow it */
#define CS_EEPROM_GROUP_COUNT_SHIFT 12 /* of a group header: words - 1 */
#define CS_EEPROM_GROUP_ADDR 0x01FF

/* ... and the driver block, which Linux reads: its words sum to 0 */
#define CS_EEPROM_DRIVER_FIRST 0x1C
#define CS_EEPROM_DRIVER_WORDS 0x14
#define CS_EEPROM_DRIVER_IA 0x1C /* three words, the low byte is the earlier octet */
#define CS_EEPROM_DRIVER_ISA 0x1F
#define CS_EEPROM_DRIVER_MEM_BASE 0x20 /* memory base >> 8 */
#define CS_EEPROM_DRIVER_XMIT 0x23
#define CS_EEPROM_DRIVER_ADAPTER 0x24
#define CS_EEPROM_XMIT_FDX 0x8000
#define CS_EEPROM_ADAPTER_10BT 0x0001
#define CS_EEPROM_ADAPTER_AUI 0x0002
#define CS_EEPROM_ADAPTER_10B2 0x0004
#define CS_EEPROM_ADAPTER_MEDIA_MASK 0x0070
#define CS_EEPROM_ADAPTER_MEDIA_10B2 0x0010
#define CS_EEPROM_ADAPTER_MEDIA_10BT 0x0020
#define CS_EEPROM_ADAPTER_MEDIA_AUI 0x0040
#define CS_EEPROM_ADAPTER_MEDIA_AUTO 0x0070
#define CS_EEPROM_ADAPTER_DC_DC_POLARITY 0x0080
#define CS_EEPROM_ADAPTER_LO_SQUELCH 0x4000

/* Configuration and control registers */
#define CS_REGNO_MASK 0x003F
#define CS_CONTENT_MASK 0xFFC0

#define CS_PP_RXCFG 0x0102
#define CS_PP_RXCTL 0x0104
#define CS_PP_TXCFG 0x0106
#define CS_PP_TXCMD_COPY 0x0108 /* read only: what TxCMD was written */
#define CS_PP_BUFCFG 0x010A
#define CS_PP_LINECTL 0x0112
#define CS_PP_SELFCTL 0x0114
#define CS_PP_BUSCTL 0x0116
#define CS_PP_TESTCTL 0x0118

#define CS_REGNO_RXCFG 0x03
#define CS_REGNO_RXCTL 0x05
#define CS_REGNO_TXCFG 0x07
#define CS_REGNO_TXCMD 0x09
#define CS_REGNO_BUFCFG 0x0B
#define CS_REGNO_LINECTL 0x13
#define CS_REGNO_SELFCTL 0x15
#define CS_REGNO_BUSCTL 0x17
#define CS_REGNO_TESTCTL 0x19

#define CS_RESET_RXCFG 0x0003
#define CS_RESET_RXCTL 0x0005
#define CS_RESET_TXCFG 0x0007
#define CS_RESET_TXCMD 0x0009
#define CS_RESET_BUFCFG 0x000B
#define CS_RESET_LINECTL 0x0013
#define CS_RESET_SELFCTL 0x0015
#define CS_RESET_BUSCTL 0x0017
#define CS_RESET_TESTCTL 0x0019

#define CS_RXCFG_SKIP_1 0x0040 /* acts once */
#define CS_RXCFG_STREAME 0x0080
#define CS_RXCFG_RXOKIE 0x0100
#define CS_RXCFG_RXDMAONLY 0x0200
#define CS_RXCFG_AUTORXDMAE 0x0400
#define CS_RXCFG_BUFFERCRC 0x0800
#define CS_RXCFG_CRCERRORIE 0x1000
#define CS_RXCFG_RUNTIE 0x2000
#define CS_RXCFG_EXTRADATAIE 0x4000

#define CS_RXCTL_IAHASHA 0x0040
#define CS_RXCTL_PROMISCUOUSA 0x0080
#define CS_RXCTL_RXOKA 0x0100
#define CS_RXCTL_MULTICASTA 0x0200 /* group addresses that the hash filter takes */
#define CS_RXCTL_INDIVIDUALA 0x0400
#define CS_RXCTL_BROADCASTA 0x0800
#define CS_RXCTL_CRCERRORA 0x1000
#define CS_RXCTL_RUNTA 0x2000
#define CS_RXCTL_EXTRADATAA 0x4000

#define CS_TXCFG_LOSS_OF_CRSIE 0x0040
#define CS_TXCFG_SQERRORIE 0x0080
#define CS_TXCFG_TXOKIE 0x0100
#define CS_TXCFG_OUT_OF_WINDOWIE 0x0200
#define CS_TXCFG_JABBERIE 0x0400
#define CS_TXCFG_ANYCOLLIE 0x0800
#define CS_TXCFG_16COLLIE 0x8000

#define CS_TXCMD_TXSTART_MASK 0x00C0
#define CS_TXCMD_TXSTART_5 0x0000
#define CS_TXCMD_TXSTART_381 0x0040
#define CS_TXCMD_TXSTART_1021 0x0080
#define CS_TXCMD_TXSTART_ALL 0x00C0
#define CS_TXCMD_FORCE 0x0100
#define CS_TXCMD_ONECOLL 0x0200
#define CS_TXCMD_INHIBITCRC 0x1000
#define CS_TXCMD_TXPADDIS 0x2000

#define CS_BUFCFG_SWINT_X 0x0040 /* acts once */
#define CS_BUFCFG_RXDMAIE 0x0080
#define CS_BUFCFG_RDY4TXIE 0x0100
#define CS_BUFCFG_TXUNDERRUNIE 0x0200
#define CS_BUFCFG_RXMISSIE 0x0400
#define CS_BUFCFG_RX128IE 0x0800
#define CS_BUFCFG_TXCOLOVFIE 0x1000
#define CS_BUFCFG_MISSOVFLOIE 0x2000
#define CS_BUFCFG_RXDESTIE 0x8000

#define CS_LINECTL_SERRXON 0x0040
#define CS_LINECTL_SERTXON 0x0080
#define CS_LINECTL_AUIONLY 0x0100
#define CS_LINECTL_AUTOAUI_10BT 0x0200 /* with AUIonly 0; both 0: 10BASE-T */
#define CS_LINECTL_MODBACKOFFE 0x0800
#define CS_LINECTL_POLARITYDIS 0x1000
#define CS_LINECTL_2_PARTDEFDIS 0x2000
#define CS_LINECTL_LORXSQUELCH 0x4000

#define CS_SELFCTL_RESET 0x0040 /* clears itself */
#define CS_SELFCTL_SWSUSPEND 0x0100
#define CS_SELFCTL_HWSLEEPE 0x0200
#define CS_SELFCTL_HWSTANDBYE 0x0400
#define CS_SELFCTL_HC0E 0x1000
#define CS_SELFCTL_HC1E 0x2000
#define CS_SELFCTL_HCB0 0x4000
#define CS_SELFCTL_HCB1 0x8000

#define CS_BUSCTL_RESETRXDMA 0x0040 /* acts once */
#define CS_BUSCTL_DMAEXTEND 0x0100
#define CS_BUSCTL_USESA 0x0200
#define CS_BUSCTL_MEMORYE 0x0400
#define CS_BUSCTL_DMABURST 0x0800
#define CS_BUSCTL_IOCHRDYE 0x1000
#define CS_BUSCTL_RXDMASIZE 0x2000
#define CS_BUSCTL_ENABLEIRQ 0x8000

#define CS_TESTCTL_DISABLELT 0x0080
#define CS_TESTCTL_ENDECLOOP 0x0200
#define CS_TESTCTL_AUILOOP 0x0400
#define CS_TESTCTL_DISABLEBACKOFF 0x0800
#define CS_TESTCTL_FDX 0x4000

/* Status and event registers; the events are cleared by reading */
#define CS_PP_ISQ 0x0120
#define CS_PP_RXEVENT 0x0124
#define CS_PP_TXEVENT 0x0128
#define CS_PP_BUFEVENT 0x012C
#define CS_PP_RXMISS 0x0130
#define CS_PP_TXCOL 0x0132
#define CS_PP_LINEST 0x0134
#define CS_PP_SELFST 0x0136
#define CS_PP_BUSST 0x0138
#define CS_PP_TDR 0x013C

#define CS_REGNO_ISQ 0x00
#define CS_REGNO_RXEVENT 0x04
#define CS_REGNO_TXEVENT 0x08
#define CS_REGNO_BUFEVENT 0x0C
#define CS_REGNO_RXMISS 0x10
#define CS_REGNO_TXCOL 0x12
#define CS_REGNO_LINEST 0x14
#define CS_REGNO_SELFST 0x16
#define CS_REGNO_BUSST 0x18
#define CS_REGNO_TDR 0x1C

#define CS_RESET_ISQ 0x0000
#define CS_RESET_RXEVENT 0x0004
#define CS_RESET_TXEVENT 0x0008
#define CS_RESET_BUFEVENT 0x000C
#define CS_RESET_RXMISS 0x0010
#define CS_RESET_TXCOL 0x0012
#define CS_RESET_BUSST 0x0018
#define CS_RESET_TDR 0x001C

#define CS_RXEVENT_IAHASH 0x0040
#define CS_RXEVENT_DRIBBLE 0x0080
#define CS_RXEVENT_RXOK 0x0100
#define CS_RXEVENT_HASHED 0x0200
#define CS_RXEVENT_INDIVIDUALADR 0x0400
#define CS_RXEVENT_BROADCAST 0x0800
#define CS_RXEVENT_CRCERROR 0x1000
#define CS_RXEVENT_RUNT 0x2000
#define CS_RXEVENT_EXTRADATA 0x4000
#define CS_RXEVENT_HASH_INDEX_SHIFT 10 /* with Hashed and RxOK: bits F-A are the index instead */

#define CS_TXEVENT_LOSS_OF_CRS 0x0040
#define CS_TXEVENT_SQEERROR 0x0080
#define CS_TXEVENT_TXOK 0x0100
#define CS_TXEVENT_OUT_OF_WINDOW 0x0200
#define CS_TXEVENT_JABBER 0x0400
#define CS_TXEVENT_COLLISIONS_MASK 0x7800
#define CS_TXEVENT_COLLISIONS_SHIFT 11
#define CS_TXEVENT_16COLL 0x8000

#define CS_BUFEVENT_SWINT 0x0040
#define CS_BUFEVENT_RXDMAFRAME 0x0080
#define CS_BUFEVENT_RDY4TX 0x0100
#define CS_BUFEVENT_TXUNDERRUN 0x0200
#define CS_BUFEVENT_RXMISS 0x0400
#define CS_BUFEVENT_RX128 0x0800
#define CS_BUFEVENT_RXDEST 0x8000

#define CS_COUNT_SHIFT 6 /* RxMISS, TxCOL, TDR: ten bits */
#define CS_COUNT_MASK 0x03FF
#define CS_COUNT_INTERRUPT 0x0200 /* RxMISS, TxCOL report the step to this count */

#define CS_LINEST_LINKOK 0x0080
#define CS_LINEST_AUI 0x0100
#define CS_LINEST_10BT 0x0200
#define CS_LINEST_POLARITYOK 0x1000
#define CS_LINEST_CRS 0x4000

#define CS_SELFST_3_3V_ACTIVE 0x0040
#define CS_SELFST_INITD 0x0080
#define CS_SELFST_SIBUSY 0x0100
#define CS_SELFST_EEPROMPRESENT 0x0200
#define CS_SELFST_EEPROMOK 0x0400
#define CS_SELFST_ELPRESENT 0x0800
#define CS_SELFST_EESIZE 0x1000 /* 1: 64 words, 0: 128 or 256 */

#define CS_BUSST_TXBIDERR 0x0080
#define CS_BUSST_RDY4TXNOW 0x0100

/* Transmission, address filter, frames */
#define CS_PP_TXCMD 0x0144 /* write only */
#define CS_PP_TXLENGTH 0x0146
#define CS_PP_LAF 0x0150 /* logical address filter, four words */
#define CS_PP_IA 0x0158  /* individual address, octet 0 is the low byte of the first word */
#define CS_PP_RXSTATUS 0x0400
#define CS_PP_RXLENGTH 0x0402
#define CS_PP_RXFRAME 0x0404
#define CS_PP_TXFRAME 0x0A00

#define CS_LAF_WORDS 4

/* Limits; lengths of frames without CRC unless it says so */
#define CS_RAM_SIZE 4096      /* packet memory, for both directions */
#define CS_TX_LEN_MIN 3
#define CS_TX_LEN_MAX 1514     /* the chip appends the CRC */
#define CS_TX_LEN_MAX_CRC 1518 /* InhibitCRC: the host supplies it */
#define CS_FRAME_MIN_CRC 64
#define CS_FRAME_MAX_CRC 1518
#define CS_RX_ANY_ORDER 118 /* bytes of the memory window that may be read in any order */

/* The ISA lines of the pins 0-3 on the usual card. */
#define CS_ISA_IRQ_OF_PINS { 10, 11, 12, 5 }
