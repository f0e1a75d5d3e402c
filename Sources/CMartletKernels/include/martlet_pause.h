#ifndef MARTLET_PAUSE_H
#define MARTLET_PAUSE_H

/// Tells the core that this is a spin-wait loop.
static inline void martlet_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
