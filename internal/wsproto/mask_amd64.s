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

// The first and the last 64 bytes are stored last, so that the stores between them are aligned: a
// store that crosses a cache line costs twice as much.
avx2:
	VPBROADCASTQ key64+24(FP), Y0
	VPXOR 0(SI), Y0, Y1
	VPXOR 32(SI), Y0, Y2
	VPXOR -64(SI)(CX*1), Y0, Y3
	VPXOR -32(SI)(CX*1), Y0, Y4
	VPOR Y1, Y2, Y5
	VPOR Y3, Y4, Y6
	VPOR Y5, Y6, Y5 // in the order of p
	VPXOR Y6, Y6, Y6 // in the order of DI

	LEAQ -64(SI)(CX*1), DX // where the last bytes begin
	LEAQ 31(SI), DI
	ANDQ $~31, DI
	MOVQ DI, CX
	SUBQ SI, CX
	SHLQ $3, CX // how many bits the key is rotated by at DI
	MOVQ key64+24(FP), AX
	RORQ CX, AX
	VMOVQ AX, X0
	VPBROADCASTQ X0, Y0

step32:
	VPXOR 0(DI), Y0, Y7
	VPXOR 32(DI), Y0, Y8
	VMOVDQA Y7, 0(DI)
	VMOVDQA Y8, 32(DI)
	VPOR Y7, Y8, Y7
	VPOR Y7, Y6, Y6
	ADDQ $64, DI
	CMPQ DI, DX
	JLS step32

	VMOVDQU Y1, 0(SI)
	VMOVDQU Y2, 32(SI)
	VMOVDQU Y3, 0(DX)
	VMOVDQU Y4, 32(DX)

	VEXTRACTI128 $1, Y5, X7
	VPOR X7, X5, X5
	VPSRLDQ $8, X5, X7
	VPOR X7, X5, X5
	VEXTRACTI128 $1, Y6, X7
	VPOR X7, X6, X6
	VPSRLDQ $8, X6, X7
	VPOR X7, X6, X6
	VMOVQ X5, AX
	VMOVQ X6, DX
	ROLQ CX, DX
	ORQ DX, AX
	MOVQ AX, seen+32(FP)
	VZEROUPPER
	RET
