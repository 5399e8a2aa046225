import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** A request for which the answer is small and comes soon. */
export interface Question {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** What the text says, if it is JSON. */
  readonly document: unknown;
}

/** Nobody answered, or not to the end. `code` is the system's word for it: `ECONNREFUSED`, `ETIMEDOUT`. */
export class Unanswered extends Error {
  readonly code: string;

  constructor(endpoint: string, code: string, options?: ErrorOptions) {
    super(`No server answers at ${endpoint} (${code})`, options);
    this.name = 'Unanswered';
    this.code = code;
  }
}

const PATIENCE = 10_000;
const MAX_ANSWER = 4 * 1024 * 1024;

/** @throws Unanswered also if the answer takes more than ten seconds or 4 MiB */
export async function ask(endpoint: string, question: Question): Promise<Answered> {
  const { method = 'GET', target, headers = {}, body } = question;
  const signal = AbortSignal.timeout(PATIENCE);
  try {
    return await new Promise((resolve, reject) => {
      const send = endpoint.startsWith('https:') ? requestHttps : requestHttp;
      const length = body === undefined ? {} : { 'content-length': body.byteLength };
      const sent = send(`${endpoint}${target}`, { method, headers: { ...headers, ...length }, agent: false, signal });
      sent.on('error', reject);
      sent.on('response', (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on('error', reject);
        answer.on('data', (chunk: Buffer) => {
          size += chunk.length;
          chunks.push(chunk);
          if (size > MAX_ANSWER) answer.destroy(Object.assign(new Error('too long an answer'), { code: 'EMSGSIZE' }));
        });
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, document: documentIn(text) });
        });
      });
      sent.end(body);
    });
  } catch (cause) {
    throw new Unanswered(endpoint, signal.aborted ? 'ETIMEDOUT' : codeOf(cause), { cause });
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'no connection';
}

function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
