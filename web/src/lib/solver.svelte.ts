// One question at a time to the server: numbered, the newest wish wins, stale answers are dropped.
import { flushSync } from 'svelte';
import { Problem, awaitServer, follow, get, post, remove, studyBody } from './api';
import type { Job, Study } from './types';

const REST_MS = 700;
/** How much of an answer is asked for: short while a slider moves, full once it rests. */
type View = 'full' | 'short';

interface Answer {
  sequence?: number;
  job?: Job;
}

/**
 * Asks `path` about studies. While a short answer is awaited only the newest wish is kept, so that a moving slider shows
 * one answer after another; a full one is overtaken at once. The last result stays, with `pending` set, until the answer
 * to the newest wish is there. An answer that is not to the newest request is dropped. What was answered in short is
 * asked in full once it has rested. Where the server is lost, it is waited for, and what was wished is asked anew.
 */
export class Solver<T> {
  result = $state.raw<T | null>(null);
  /** The last result in full: it stays while shorter answers come in. */
  full = $state.raw<T | null>(null);
  /** The study that `result` answers. */
  answered = $state.raw<Study | null>(null);
  pending = $state(false);
  job = $state.raw<Job | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** Whether the server does not answer; it is asked until it does. */
  lost = $state(false);
  /** Whether `result` is not the answer to what was last asked. */
  readonly stale = $derived(this.pending || this.problem !== null || this.lost);
  painted = 0;

  #session = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
  #sequence = 0;
  #wish: { study: Study; extra: object; view: View; asked: number; from?: string | undefined } | null = null;
  /** Asks in full what was last asked in short. */
  #moved = (): void => {};
  #rest: ReturnType<typeof setTimeout> | undefined;
  /** Number of the newest run of questions; older runs end when their answer is there. */
  #runs = 0;
  #asking: View | null = null;
  #left = false;

  constructor(
    readonly path: string,
    readonly unwrap: (answer: Record<string, unknown>) => T,
    /** Whether the question is a study; else it is what `ask` is given beside it. */
    readonly plain = true,
  ) {}

  /** Asks about a study that a slider moves: in short where a full result is there already, and in full at rest. */
  move(study: Study, extra: (view: View) => object, full = this.full === null): void {
    this.#moved = () => this.ask(study, extra('full'));
    this.ask(study, extra(full ? 'full' : 'short'), full ? 'full' : 'short');
  }

  /** Asks no more by itself: the screen is left. */
  leave(): void {
    clearTimeout(this.#rest);
    this.#left = true;
    this.#moved = () => {};
  }

  /** Asks about a study; with `from` it is looked up there instead, because the server has it. */
  ask(study: Study, extra: object = {}, view: View = 'full', from?: string): void {
    clearTimeout(this.#rest);
    this.#wish = { study, extra, view, asked: performance.now(), from };
    this.pending = true;
    if (this.job) void this.cancel();
    if (this.#asking !== 'short') void this.#run();
  }

  async cancel(): Promise<void> {
    const job = this.job;
    this.job = null;
    if (job) await remove(`/jobs/${job.id}`);
  }

  /** Cancels and forgets the wish: the last result stands again. */
  async stop(): Promise<void> {
    clearTimeout(this.#rest);
    this.#wish = null;
    // An answer that is on its way is to a question that is no longer asked.
    this.#sequence++;
    this.#runs++;
    this.#asking = null;
    await this.cancel();
    this.pending = false;
    this.lost = false;
  }

  /** Shows an answer; the browser keeps how long that took, and how long since the question came up. */
  #paint(sequence: number, result: T, study: Study, asked: number, view: View): void {
    const start = performance.now();
    this.painted = sequence;
    this.result = result;
    if (view === 'full') this.full = result;
    this.answered = study;
    this.problem = null;
    this.lost = false;
    flushSync();
    // Asking for a height makes the browser lay the page out now, as it would before the next frame.
    void document.body.offsetHeight;
    performance.measure('kiban-repaint', { start, end: performance.now(), detail: sequence });
    requestAnimationFrame(() => performance.measure('kiban-answer', { start: asked, end: performance.now(), detail: sequence }));
  }

  async #run(): Promise<void> {
    const run = ++this.#runs;
    let shown: View | null = null;
    while (this.#wish && run === this.#runs) {
      const { study, extra, view, asked, from } = this.#wish;
      this.#wish = null;
      this.#asking = view;
      const sequence = ++this.#sequence;
      shown = view;
      try {
        const body = { ...(this.plain ? studyBody(study) : {}), session: this.#session, sequence, mode: 'auto', ...extra };
        let answer = from
          ? { plan: await get<unknown>(from) } as Answer & Record<string, unknown>
          : await post<Answer & Record<string, unknown>>(this.path + (view === 'short' ? '?view=short' : ''), body);
        if (answer.job && run !== this.#runs) void remove(`/jobs/${answer.job.id}`);
        if (run !== this.#runs) return;
        if (answer.job) {
          this.job = answer.job;
          const ended = await follow(
            answer.job.id,
            (job) => {
              if (this.job?.id === job.id) this.job = job;
            },
            (cut) => {
              if (run === this.#runs) this.lost = cut;
            },
          );
          if (run !== this.#runs) return;
          this.job = null;
          if (ended.state === 'cancelled') continue;
          if (ended.problem) throw new Problem(ended.problem);
          answer = { ...(ended.result ?? {}), sequence, work: ended.id } as Answer & Record<string, unknown>;
          shown = 'full';
        }
        if ((answer.sequence ?? sequence) < this.#sequence || sequence <= this.painted) continue;
        this.#paint(sequence, this.unwrap(answer), study, asked, shown);
      } catch (fault) {
        if (run !== this.#runs) return;
        this.job = null;
        if (fault instanceof Problem && fault.superseded) continue;
        if (!(fault instanceof Problem)) throw fault;
        if (fault.unreachable) {
          this.lost = true;
          if (!(await awaitServer(() => run === this.#runs && !this.#left))) return;
          this.lost = false;
          this.#wish ??= { study, extra, view, asked, from };
          continue;
        }
        this.lost = false;
        if (!this.#wish) this.problem = fault;
        shown = null;
      }
    }
    if (run !== this.#runs) return;
    this.#asking = null;
    this.pending = false;
    if (shown === 'short') this.#rest = setTimeout(() => this.#moved(), REST_MS);
  }
}
