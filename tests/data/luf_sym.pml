/* luf_sym.pml -- luf.pml with its frames sorted after every step (canon()), for SPIN 6.5.
 *
 * LUF (Lazy Unmap Flush) as a finite protocol.
 *
 * Most general client: every CPU may read, write, fault, unmap at any time, for ever; the asynchronous
 * actions are TLB eviction and IPI delivery.  No operation budget, so the state space is complete.
 * With -DPROG=n each CPU instead runs a small fixed program (a litmus test) and stops.
 *
 * One mm, NCPU threads (one per CPU), NV virtual pages, NF page frames.
 *
 *   pte[v]    0 = not present, 1 = unmap in progress (migration/swap entry), 2*(f+1) = RO, 2*(f+1)+1 = RW
 *   T(c,v)    TLB entry of CPU c for page v: 0 = none, otherwise a copy of the PTE when it was filled;
 *             RW here means "writable and dirty", so a write hits it without looking at the PTE.
 *             Eviction may happen at any time, so TLB capacity and replacement need no model.
 *   used[f]   frame is mapped or held by somebody (not in the allocator)
 *   own[f]    ground truth: which page's bytes the frame holds (v+1), 0 = nothing
 *   fresh[f]  ground truth: those bytes are the latest version of that page
 *   pend[f]   LUF key: CPUs that must flush before the frame may be reused
 *   ph[c]     what CPU c waits for: 0 IDLE, 1 ALC alloc, 2 UPG write upgrade, 3 UNM eager unmap
 *   wt[c]     CPUs whose acknowledgement it still waits for;  av[c], af[c] its page and frame
 *
 * Left out: several mms and ASIDs, lazy TLB, huge pages, RW->RO downgrade, migration copy, PCP/buddy order.
 *
 * Oracle (assertions): a read through a TLB entry sees the latest bytes of that page; a write through a
 * writable TLB entry lands in the frame that the page lives in now.
 *
 * Variants: -DBUG=1 alloc does not flush a pending frame   (another owner's data is read)
 *           -DBUG=2 RO->RW upgrade does not flush old copies (old version is read)
 *           -DBUG=3 RW unmap is deferred like RO            (a write is lost)
 *           -DLAZYEVICT: an eviction happens only together with the refill that follows it
 *           (an eviction commutes with everything until its CPU next uses the page; checked: the reachable
 *           states without their TLBs are the same set with and without it)
 *
 * spin -a [-D...] luf_sym.pml && gcc -O2 -DSAFETY -DMEMLIM=16000 -o pan pan.c && ./pan -m5000000
 * Reachable states (init steps not counted): 2 CPUs 2 pages 3 frames 329827; 2/2/4 5944041; PROG=2 8392.
 * add -DNOREDUCE to gcc for no partial-order reduction, -DBFS (with spin -DNOHIDE) for
 * shortest counterexamples.
 */
#ifndef NCPU
#define NCPU 2
#endif
#ifndef NV
#define NV 2
#endif
#ifndef NF
#define NF 3
#endif
#ifndef BUG
#define BUG 0
#endif
#define ALL  ((1<<NCPU)-1)
#define IDLE 0
#define ALC  1
#define UPG  2
#define UNM  3
#define T    tlb[c*NV+v]
#define FR(e) (((e)>>1)-1)
#define PTE(f) (((f)+1)<<1)
#if NCPU == 2
#define WAITED (wt[0] | wt[1])
#else
#define WAITED (wt[0] | wt[1] | wt[2])
#endif

byte pte[NV]; byte tlb[NCPU*NV];
bool used[NF]; byte own[NF]; bool fresh[NF]; byte pend[NF];
byte ph[NCPU]; byte wt[NCPU]; byte av[NCPU]; byte af[NCPU];
#ifdef NOHIDE                 /* SPIN's BFS refuses hidden variables: keep them, zero after every step */
#define HIDE
#define Z ; i = 0; m = 0; g = 0; c_code { canon(); }
#else
#define HIDE hidden
#define Z ; c_code { canon(); }
#endif
HIDE byte i, m, g;


c_code {
  /* frame symmetry: frames are renumbered in the order of their signature (own fields, then every place
     that names the frame); frames of equal signature are interchangeable, so the result is canonical */
  static void canon(void) {
    unsigned long sig[NF], t; int f, g, c, v, to[NF], ord[NF], e;
    for (f = 0; f < NF; f++)
      sig[f] = ((((now.used[f]*4ul + now.own[f])*2 + now.fresh[f])*8 + now.pend[f]) << (2*NV + 2*NCPU*NV + NCPU));
    for (v = 0; v < NV; v++)
      if ((e = now.pte[v]) > 1) sig[(e>>1)-1] |= (1ul + (e&1)) << (2*v);
    for (v = 0; v < NCPU*NV; v++)
      if ((e = now.tlb[v]) > 1) sig[(e>>1)-1] |= (1ul + (e&1)) << (2*NV + 2*v);
    for (c = 0; c < NCPU; c++)
      if (now.ph[c] == 1 || now.ph[c] == 3) sig[now.af[c]] |= 1ul << (2*NV + 2*NCPU*NV + c);
    for (f = 0; f < NF; f++) ord[f] = f;
    for (f = 1; f < NF; f++)
      for (g = f; g > 0 && sig[ord[g-1]] > sig[ord[g]]; g--) { e = ord[g]; ord[g] = ord[g-1]; ord[g-1] = e; }
    for (f = 0; f < NF && ord[f] == f; f++) ;
    if (f == NF) return;
    for (f = 0; f < NF; f++) to[ord[f]] = f;
    { unsigned char a[4][NF];
      for (f = 0; f < NF; f++) { a[0][f] = now.used[f]; a[1][f] = now.own[f]; a[2][f] = now.fresh[f]; a[3][f] = now.pend[f]; }
      for (f = 0; f < NF; f++) { g = ord[f]; now.used[f] = a[0][g]; now.own[f] = a[1][g]; now.fresh[f] = a[2][g]; now.pend[f] = a[3][g]; } }
    for (v = 0; v < NV; v++) if ((e = now.pte[v]) > 1) now.pte[v] = ((to[(e>>1)-1]+1)<<1) | (e&1);
    for (v = 0; v < NCPU*NV; v++) if ((e = now.tlb[v]) > 1) now.tlb[v] = ((to[(e>>1)-1]+1)<<1) | (e&1);
    for (c = 0; c < NCPU; c++) if (now.ph[c] == 1 || now.ph[c] == 3) now.af[c] = to[now.af[c]];
  }
}
#ifdef PROG
byte pc[NCPU];
#define R 0
#define W 1
#define U 2
HIDE byte prog[NCPU*8];     /* op*8+page, 255 = end; constant after init */
#define OP(o) (prog[c*8+pc[c]] == (o)*8+v)
#define NEXT  pc[c]++
#else
#define OP(o) true
#define NEXT  skip
#endif

inline flush_cpu(x) {         /* full flush of CPU x: its TLB is empty, nobody needs to wait for it */
  for (i : 0 .. NV-1) { tlb[(x)*NV+i] = 0 }
  for (i : 0 .. NF-1) { pend[i] = pend[i] & ~(1<<(x)) }
}
inline wrote(f) {             /* page v now has a newer version, only in frame f */
  for (i : 0 .. NF-1) { if :: own[i] == v+1 && i != (f) -> fresh[i] = 0 :: else fi }
}
inline fill_frame(f) { own[f] = v+1; fresh[f] = 1; pend[f] = 0; pte[v] = PTE(f) }
inline done() { ph[c] = IDLE; wt[c] = 0; av[c] = 0; af[c] = 0 }
inline old_copies() {         /* m = CPUs that may still see older copies of page v */
  m = 0;
  for (i : 0 .. NF-1) { if :: own[i] == v+1 && i != FR(pte[v]) -> m = m | pend[i] :: else fi }
}

#ifdef LAZYEVICT
#define NOENTRY true
#else
#define NOENTRY (T == 0)
#endif
/* one fault option per frame: the allocator may hand out any free frame */
#define FAULT(f) \
:: d_step { f < NF && ph[c] == IDLE && (OP(0) || OP(1)) && NOENTRY && pte[v] == 0 && !used[f] -> \
     T = 0; \
     used[f] = 1; m = pend[f]; \
     if :: BUG == 1 -> m = 0 :: else fi; \
     if :: m & (1<<c) -> flush_cpu(c) :: else fi; \
     m = m & ~(1<<c); \
     if :: m == 0 -> fill_frame(f) \
        :: else -> ph[c] = ALC; wt[c] = m; av[c] = v; af[c] = f fi Z }

proctype actor(byte c; byte v) {
end:  do
  :: d_step { ph[c] == IDLE && OP(0) && T != 0 ->                              /* read hit */
       assert(own[FR(T)] == v+1 && fresh[FR(T)]); NEXT Z }
#ifdef LAZYEVICT
  :: d_step { ph[c] == IDLE && OP(0) && pte[v] > 1 && T != (pte[v] & 254) && T != pte[v] -> /* read, walk */
       T = pte[v] & 254; NEXT Z }
  :: d_step { ph[c] == IDLE && OP(1) && T != pte[v] && pte[v] > 1 && (pte[v] & 1) ->       /* write, walk */
       T = pte[v]; wrote(FR(T)); NEXT Z }
#else
  :: d_step { ph[c] == IDLE && OP(0) && T == 0 && pte[v] > 1 -> T = pte[v] & 254; NEXT Z }  /* read, walk */
  :: d_step { ph[c] == IDLE && OP(1) && !(T & 1) && pte[v] > 1 && (pte[v] & 1) ->           /* write, walk */
       T = pte[v]; wrote(FR(T)); NEXT Z }
  :: d_step { T != 0 -> T = 0 Z }                                                /* eviction */
#endif
  :: d_step { ph[c] == IDLE && OP(1) && (T & 1) ->                             /* write hit, no PTE check */
       assert(pte[v] == T || (pte[v] == 1 && own[FR(T)] == v+1 && used[FR(T)]));
       wrote(FR(T)); NEXT Z }
  :: d_step { ph[c] == IDLE && OP(1) && pte[v] > 1 && !(pte[v] & 1) ->         /* write fault: RO -> RW */
       old_copies();
       if :: BUG == 2 -> m = 0 :: else fi;
       if :: m & (1<<c) -> flush_cpu(c) :: else fi;
       m = m & ~(1<<c);
       if :: m == 0 -> pte[v] = pte[v] | 1
          :: else -> ph[c] = UPG; wt[c] = m; av[c] = v fi Z }
  :: d_step { ph[c] == IDLE && OP(2) && pte[v] > 1 && (!(pte[v] & 1) || BUG == 3) -> /* unmap RO: deferred */
       g = FR(pte[v]); pend[g] = ALL; used[g] = 0; pte[v] = 0; NEXT Z }
  :: d_step { ph[c] == IDLE && OP(2) && pte[v] > 1 && (pte[v] & 1) && BUG != 3 ->    /* unmap RW: eager */
       g = FR(pte[v]); T = 0;
       ph[c] = UNM; wt[c] = ALL & ~(1<<c); av[c] = v; af[c] = g; pte[v] = 1 Z }
  FAULT(0)
  FAULT(1)
  FAULT(2)
  FAULT(3)
  :: d_step { ph[c] == ALC && wt[c] == 0 && av[c] == v ->                      /* all acks in: finish alloc */
       g = af[c];
       if :: pte[v] == 0 -> fill_frame(g) :: else -> used[g] = 0 fi;
       done() Z }
  :: d_step { ph[c] == UPG && wt[c] == 0 && av[c] == v ->                      /* finish upgrade or retry */
       if :: pte[v] > 1 && !(pte[v] & 1) ->
               old_copies(); if :: m == 0 -> pte[v] = pte[v] | 1 :: else fi
          :: else fi;
       done() Z }
  :: d_step { ph[c] == UNM && wt[c] == 0 && av[c] == v ->                      /* finish eager unmap */
       used[af[c]] = 0; pte[v] = 0; done(); NEXT Z }
#ifdef PROG
  :: d_step { ph[c] == IDLE && OP(2) && pte[v] == 0 -> NEXT Z }                  /* unmap of nothing */
#endif
  od
}

proctype ipi(byte c) {                                                          /* IPI delivery on CPU c */
end:  do
  :: d_step { (WAITED & (1<<c)) ->
       flush_cpu(c);
       for (i : 0 .. NCPU-1) { wt[i] = wt[i] & ~(1<<c) } Z }
  od
}

init { byte a, b;
  d_step {
#ifdef PROG
    for (a : 0 .. NCPU*8-1) { prog[a] = 255 }
#if PROG == 1        /* read v0 ; reclaim v0, then use v1 and v0 again */
    prog[0] = 0; prog[1] = 0; prog[2] = 0; prog[8] = 16; prog[9] = 1; prog[10] = 9; prog[11] = 0;
#elif PROG == 2      /* writers and unmappers on two pages */
    prog[0] = 8; prog[1] = 16; prog[2] = 1; prog[3] = 8; prog[4] = 0;
    prog[8] = 0; prog[9] = 17; prog[10] = 9; prog[11] = 8; prog[12] = 1;
#endif
#endif
    a = 0; b = 0 }
  atomic {
    for (a : 0 .. NCPU-1) { for (b : 0 .. NV-1) { run actor(a, b) } }
    for (a : 0 .. NCPU-1) { run ipi(a) }
    a = 0; b = 0 }
}
