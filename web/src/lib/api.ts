// Calls of the server: plain JSON, problems as sentences, jobs by server-sent events.
import type { Job, Language, ProblemDocument, Study } from './types';

const ROOT = '/api/v1';

/** What is said of a problem; the server says more. */
type Said = Pick<ProblemDocument, 'type' | 'status' | 'detail' | 'detail_ja'> & Partial<ProblemDocument>;

export class Problem extends Error {
  constructor(readonly document: Said) {
    super(document.detail);
  }
  /** Whether the server does not know, or not any more, who asks. */
  get signedOut(): boolean {
    return this.document.status === 401;
  }
  /** Whether nobody answered at all. */
  get unreachable(): boolean {
    return this.document.type.endsWith(':unreachable');
  }
  get superseded(): boolean {
    return this.document.type.endsWith(':superseded');
  }
  sentences(language: Language): string[] {
    const { problems, detail, detail_ja } = this.document;
    const items = problems?.length ? problems : [{ detail, detail_ja }];
    return items.map((item) => (language === 'ja' ? item.detail_ja || item.detail : item.detail));
  }
}

async function refuse(answer: Response): Promise<never> {
  let document: ProblemDocument | null = null;
  try {
    document = (await answer.json()) as ProblemDocument;
  } catch {
    document = null;
  }
  throw new Problem(
    document?.detail
      ? document
      : {
          type: 'urn:kiban:problem:fault',
          status: answer.status,
          detail: `The server answered ${answer.status}.`,
          detail_ja: `サーバーの応答は ${answer.status} でした。`,
        },
  );
}

async function read<T>(answer: Response): Promise<T> {
  return answer.ok ? ((await answer.json()) as T) : refuse(answer);
}

async function send(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(ROOT + path, init);
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === 'AbortError') throw fault;
    throw new Problem({
      type: 'urn:kiban:problem:unreachable',
      status: 0,
      detail: 'The server does not answer. Is `kiban serve` running?',
      detail_ja: 'サーバーが応答しません。kiban serve が動いているか確認してください。',
    });
  }
}

export async function get<T>(path: string): Promise<T> {
  return read<T>(await send(path));
}

const kept = new Map<string, Promise<unknown>>();
/** A document that does not change while the page is open. */
export function getOnce<T>(path: string): Promise<T> {
  let found = kept.get(path) as Promise<T> | undefined;
  if (!found) {
    found = get<T>(path);
    kept.set(path, found);
    found.catch(() => kept.delete(path));
  }
  return found;
}

const withBody = (method: string, body: unknown): RequestInit => ({ method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

export async function post<T>(path: string, body: unknown): Promise<T> {
  return read<T>(await send(path, withBody('POST', body)));
}

/** A call whose answer is empty; what is refused is thrown. */
export async function tell(method: 'DELETE' | 'PATCH' | 'POST', path: string, body?: object): Promise<void> {
  const answer = await send(path, body ? withBody(method, body) : { method });
  if (!answer.ok) await refuse(answer);
}

export async function remove(path: string): Promise<void> {
  await send(path, { method: 'DELETE' });
}

/** Whether a base is a stored plan instead of an example. */
export const isStored = (base: string): boolean => base.startsWith('p_');

export const studyBody = (study: Study) => ({
  [isStored(study.base) ? 'plan' : 'example']: study.base,
  changes: study.changes,
  packages: study.packages,
});

const AGAIN_MS = 2000;
/** Asks the server until it answers; false where it is not `wanted` any more. */
export async function awaitServer(wanted: () => boolean): Promise<boolean> {
  while (wanted()) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    const answer = wanted() ? await fetch(`${ROOT}/health`).catch(() => null) : null;
    if (answer?.ok) return wanted();
  }
  return false;
}

/** Follows a job to its end; `tell` hears of each change, `lost` whether the stream is cut. */
export function follow(id: string, tell: (job: Job) => void, lost: (cut: boolean) => void = () => undefined): Promise<Job> {
  return new Promise((resolve, reject) => {
    const events = new EventSource(`${ROOT}/jobs/${id}/events`);
    events.onopen = () => lost(false);
    const done = (event: MessageEvent<string>) => {
      events.close();
      resolve(JSON.parse(event.data) as Job);
    };
    events.addEventListener('progress', (event) => tell(JSON.parse((event as MessageEvent<string>).data) as Job));
    for (const end of ['done', 'failed', 'cancelled']) events.addEventListener(end, (event) => done(event as MessageEvent<string>));
    // A cut stream is opened again by the browser itself, unless the server refused it.
    events.onerror = () => {
      lost(true);
      if (events.readyState === EventSource.CLOSED) get<Job>(`/jobs/${id}`).then(resolve, reject);
    };
  });
}
