import type { IncomingMessage } from 'node:http';

/** An answer that is made before anybody has asked. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As text, which goes out in one piece with the headers. */
  readonly body: string;
}

/** One of the protocols at the port, as far as the server below it needs to know. */
export interface Surface {
  readonly name: string;
  /** Whether a request is this one's. Asked of each, so by a look at its first line and headers. */
  readonly covers: (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => boolean;
  /** How it says that there is no room for a request now. */
  readonly busy: Refusal;
}

/** In seconds: when to come again, of clients who ask. */
export const RETRY_AFTER = '1';
