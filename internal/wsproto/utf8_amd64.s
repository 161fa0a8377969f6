//go:build !purego

#include "textflag.h"

// The algorithm is that of utf8_wide.go. The registers of both functions:
//
//	SI    the first byte of the step     X8   high half by first byte's high half
//	DI    the first byte of the last     X9   by its low half
//	X7    errors of the steps so far     X10  by the second byte's high half
//	                                     X11  0f everywhere
//	                                     X12  60: e0 and above stay at 80 and above
//	                                     X13  70: f0 and above stay at 80 and above
//	                                     X14  80
//
// The bytes before are loaded again, one, two and three bytes earlier. That is cheaper than
// shifting them out of two registers.

DATA nibble<>+0(SB)/8, $0x0f0f0f0f0f0f0f0f
DATA nibble<>+8(SB)/8, $0x6060606060606060
DATA nibble<>+16(SB)/8, $0x7070707070707070
DATA nibble<>+24(SB)/8, $0x8080808080808080
GLOBL nibble<>(SB), RODATA|NOPTR, $32

// func validAVX2(p []byte, errors *[3][16]uint8) bool
TEXT ·validAVX2(SB), NOSPLIT, $0-33
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVQ errors+24(FP), DX
	LEAQ -32(SI)(CX*1), DI
	ADDQ $3, SI
	VBROADCASTI128 0(DX), Y8
	VBROADCASTI128 16(DX), Y9
	VBROADCASTI128 32(DX), Y10
	VPBROADCASTQ nibble<>+0(SB), Y11
	VPBROADCASTQ nibble<>+8(SB), Y12
	VPBROADCASTQ nibble<>+16(SB), Y13
	VPBROADCASTQ nibble<>+24(SB), Y14
	VPXOR Y7, Y7, Y7

step:
	VMOVDQU 0(SI), Y0
	VMOVDQU -3(SI), Y3
	VPOR Y0, Y3, Y4
	VPTEST Y14, Y4
	JZ ascii // and so are the bytes before
	VMOVDQU -1(SI), Y1
	VMOVDQU -2(SI), Y2
	VPSRLW $4, Y1, Y4
	VPAND Y11, Y4, Y4
	VPSHUFB Y4, Y8, Y4
	VPAND Y11, Y1, Y5
	VPSHUFB Y5, Y9, Y5
	VPSRLW $4, Y0, Y6
	VPAND Y11, Y6, Y6
	VPSHUFB Y6, Y10, Y6
	VPAND Y4, Y5, Y4
	VPAND Y4, Y6, Y4
	VPSUBUSB Y12, Y2, Y2
	VPSUBUSB Y13, Y3, Y3
	VPOR Y2, Y3, Y2
	VPAND Y14, Y2, Y2
	VPXOR Y2, Y4, Y4
	VPOR Y4, Y7, Y7

next:
	CMPQ SI, DI
	JEQ done
	ADDQ $32, SI
	CMPQ SI, DI
	CMOVQHI DI, SI // the last step overlaps the one before
	JMP step

ascii: // and the next 64 bytes, if no step before the last begins beyond them
	LEAQ 64(SI), AX
	CMPQ AX, DI
	JHI next
	VMOVDQU 32(SI), Y1
	VPOR 64(SI), Y1, Y1
	VPTEST Y14, Y1
	JNZ next
	MOVQ AX, SI
	JMP ascii

done:
	VPTEST Y7, Y7
	SETEQ ret+32(FP)
	VZEROUPPER
	RET

// func validSSSE3(p []byte, errors *[3][16]uint8) bool
TEXT ·validSSSE3(SB), NOSPLIT, $0-33
	MOVQ p_base+0(FP), SI
	MOVQ p_len+8(FP), CX
	MOVQ errors+24(FP), DX
	LEAQ -16(SI)(CX*1), DI
	ADDQ $3, SI
	MOVOU 0(DX), X8
	MOVOU 16(DX), X9
	MOVOU 32(DX), X10
	MOVQ nibble<>+0(SB), X11
	MOVQ nibble<>+8(SB), X12
	MOVQ nibble<>+16(SB), X13
	MOVQ nibble<>+24(SB), X14
	PUNPCKLQDQ X11, X11
	PUNPCKLQDQ X12, X12
	PUNPCKLQDQ X13, X13
	PUNPCKLQDQ X14, X14
	PXOR X7, X7

step:
	MOVOU 0(SI), X0
	MOVOU -3(SI), X3
	MOVO X0, X4
	POR X3, X4
	PMOVMSKB X4, AX
	TESTL AX, AX
	JEQ next // ASCII, and so are the bytes before
	MOVOU -1(SI), X1
	MOVOU -2(SI), X2
	MOVO X1, X4
	PSRLW $4, X4
	PAND X11, X4
	MOVO X8, X5
	PSHUFB X4, X5 // by the first byte's high half
	PAND X11, X1
	MOVO X9, X6
	PSHUFB X1, X6 // by its low half
	PAND X6, X5
	PSRLW $4, X0
	PAND X11, X0
	MOVO X10, X6
	PSHUFB X0, X6 // by the second byte's high half
	PAND X6, X5
	PSUBUSB X12, X2
	PSUBUSB X13, X3
	POR X3, X2
	PAND X14, X2
	PXOR X2, X5
	POR X5, X7

next:
	CMPQ SI, DI
	JEQ done
	ADDQ $16, SI
	CMPQ SI, DI
	CMOVQHI DI, SI // the last step overlaps the one before
	JMP step

done:
	PXOR X0, X0
	PCMPEQB X0, X7
	PMOVMSKB X7, AX
	CMPL AX, $0xffff
	SETEQ ret+32(FP)
	RET
