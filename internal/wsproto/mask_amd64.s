//go:build !purego

#include "textflag.h"

// func unmaskWide(p []byte, key64 uint64) (seen uint64)
TEXT ·unmaskWide(SB), NOSPLIT, $0-40
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVQ key64+24(FP), X0
	PUNPCKLQDQ X0, X0
	PXOR X5, X5
	PXOR X6, X6

step:
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
	JNE step

	POR X6, X5
	MOVHLPS X5, X6
	POR X6, X5
	MOVQ X5, seen+32(FP)
	RET
