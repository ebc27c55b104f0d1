/* SPDX-License-Identifier: Apache-2.0 */
#include "builder/look/report_assets.h"

/* The assembler reads them: C before C23 has no way to. The Makefile knows that this file depends on them. */
#define ASSET(symbol, file)                                                                                                    \
  __asm__(".pushsection .rodata\n.global " #symbol "\n.type " #symbol ", @object\n" #symbol ":\n.incbin \"" file               \
          "\"\n.byte 0\n.size " #symbol ", . - " #symbol "\n.popsection\n")

ASSET(report_css, "builder/look/report.css");
ASSET(report_js, "builder/look/report.js");
