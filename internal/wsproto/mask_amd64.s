//go:build !purego

#include "textflag.h"

// func unmaskWide(p []byte, key64 uint64) (seen uint64)
TEXT ·unmaskWide(SB), NOSPLIT, $0-40
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	CMPQ CX, $256 // with less, SSE2 is as fast
	JB sse2
	CMPB ·unmaskUsesAVX2(SB), $1
	JEQ avx2

sse2:
	MOVQ key64+24(FP), X0
	PUNPCKLQDQ X0, X0
	PXOR X5, X5
	PXOR X6, X6

step16:
	MOVOU 0(SI), X1
	MOVOU 16(SI), X2
	MOVOU 32(SI), X3
	MOVOU 48(SI), X4
	PXOR X0, X1
	PXOR X0, X2
	PXOR X0, X3
	PXOR X0, X4
	MOVOU X1, 0(SI)
	MOVOU X2, 16(SI)
	MOVOU X3, 32(SI)
	MOVOU X4, 48(SI)
	POR X1, X5
	POR X2, X6
	POR X3, X5
	POR X4, X6
	ADDQ $64, SI
	SUBQ $64, CX
	JNE step16

	POR X6, X5
	MOVHLPS X5, X6
	POR X6, X5
	MOVQ X5, seen+32(FP)
	RET

avx2:
	VPBROADCASTQ key64+24(FP), Y0
	VPXOR Y3, Y3, Y3

step32:
	VPXOR 0(SI), Y0, Y1
	VPXOR 32(SI), Y0, Y2
	VMOVDQU Y1, 0(SI)
	VMOVDQU Y2, 32(SI)
	VPOR Y1, Y2, Y1
	VPOR Y1, Y3, Y3
	ADDQ $64, SI
	SUBQ $64, CX
	JNE step32

	VEXTRACTI128 $1, Y3, X4
	VPOR X4, X3, X3
	VPSRLDQ $8, X3, X4
	VPOR X4, X3, X3
	MOVQ X3, AX
	MOVQ AX, seen+32(FP)
	VZEROUPPER
	RET
