import type { S3Client } from '@aws-sdk/client-s3';
import { StoreUnavailable } from '../../model/store-unavailable.ts';
import { errorName, statusOf } from './s3-error.ts';

/** Hears of each request when it is over, repetitions included: the operation, `success` or the error's name, and how long it took. */
export type OnRequest = (operation: string, outcome: string, seconds: number) => void;

/** A store may call errors what it likes, and every name is kept in memory. */
const LONGEST_NAME = 64;

/**
 * Has `onRequest` hear of all that the client asks, and makes what passes by itself a `StoreUnavailable`: the client has tried
 * again by then, and the store still does not answer, or says that it cannot now.
 */
export function watchClient(client: S3Client, onRequest: OnRequest): void {
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const operation = commandName.replace(/Command$/, '');
        const began = performance.now();
        const end = (outcome: string) => onRequest(operation, outcome, (performance.now() - began) / 1000);
        try {
          const answer = await next(args);
          end('success');
          return answer;
        } catch (error) {
          end((errorName(error) || 'Error').slice(0, LONGEST_NAME));
          throw isAway(error) ? new StoreUnavailable('blobs', error) : error;
        }
      },
    { step: 'initialize', name: 'watchClient', override: true },
  );
}

const ASKS_FOR_PATIENCE = [
  'SlowDown',
  'RequestTimeout',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
];
/** 501 is for what the store will never do. */
const PASSING = [429, 500, 502, 503, 504];

function isAway(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined && PASSING.includes(status)) return true;
  if (ASKS_FOR_PATIENCE.includes(errorName(error)) || errorName(error) === 'TimeoutError') return true;
  // What Node calls it when a connection cannot be made, or breaks.
  return error instanceof Error && 'code' in error && /^E[A-Z_]+$/.test(String(error.code));
}
