//go:build !purego

#include "textflag.h"

// The algorithm is that of utf8_wide.go.
//
//	R0    the first byte of the step     V8   errors by the first byte's high half
//	R1    the first byte of the last     V9   by its low half
//	V7    errors of the steps so far     V10  by the second byte's high half
//	                                     V11  0f everywhere
//	                                     V12  60: less this, e0 and above have the top bit
//	                                     V13  70: less this, f0 and above have it
//	                                     V14  80

// func validNEON(p []byte, errors *[3][16]uint8) bool
TEXT ·validNEON(SB), NOSPLIT, $0-33
	MOVD p_base+0(FP), R0
	MOVD p_len+8(FP), R1
	ADD R0, R1, R1
	SUB $16, R1, R1
	ADD $3, R0, R0
	MOVD errors+24(FP), R2
	VLD1 (R2), [V8.B16, V9.B16, V10.B16]
	VMOVI $0x0f, V11.B16
	VMOVI $0x60, V12.B16
	VMOVI $0x70, V13.B16
	VMOVI $0x80, V14.B16
	VEOR V7.B16, V7.B16, V7.B16

step:
	FMOVQ (R0), F0
	FMOVQ -3(R0), F3
	VORR V0.B16, V3.B16, V4.B16
	VMOV V4.D[0], R2
	VMOV V4.D[1], R3
	ORR R2, R3, R2
	TST $0x8080808080808080, R2
	BEQ next // ASCII, and so are the bytes before
	FMOVQ -1(R0), F1
	FMOVQ -2(R0), F2
	VUSHR $4, V1.B16, V4.B16
	VTBL V4.B16, [V8.B16], V4.B16
	VAND V11.B16, V1.B16, V5.B16
	VTBL V5.B16, [V9.B16], V5.B16
	VUSHR $4, V0.B16, V6.B16
	VTBL V6.B16, [V10.B16], V6.B16
	VAND V5.B16, V4.B16, V4.B16
	VAND V6.B16, V4.B16, V4.B16
	VUMAX V12.B16, V2.B16, V2.B16
	VSUB V12.B16, V2.B16, V2.B16
	VUMAX V13.B16, V3.B16, V3.B16
	VSUB V13.B16, V3.B16, V3.B16
	VORR V3.B16, V2.B16, V2.B16
	VAND V14.B16, V2.B16, V2.B16
	VEOR V2.B16, V4.B16, V4.B16
	VORR V4.B16, V7.B16, V7.B16

next:
	CMP R1, R0
	BEQ done
	ADD $16, R0
	CMP R1, R0
	CSEL HI, R1, R0, R0 // the last step overlaps the one before
	B step

done:
	VMOV V7.D[0], R2
	VMOV V7.D[1], R3
	ORR R2, R3, R2
	CMP $0, R2
	CSET EQ, R2
	MOVB R2, ret+32(FP)
	RET
