import { Fault } from './fault.ts';

/**
 * A store that is somewhere else did not answer, or answered that it cannot now: a connection that was lost, a time that ran
 * out, a server that asks for patience. What was asked for may have happened or not; whoever asked may ask again.
 *
 * The caller reads no more than which store it was. The reason is the `cause`, for the log.
 */
export class StoreUnavailable extends Fault<'StoreUnavailable'> {
  constructor(store: 'database' | 'blobs', cause: unknown) {
    super('StoreUnavailable', { store });
    this.name = 'StoreUnavailable';
    this.cause = cause;
  }
}

/** What is wrong, for an operator: of a store that is not available, why. */
export function reasonOf(error: Error): string {
  return error instanceof StoreUnavailable && error.cause instanceof Error ? error.cause.message : error.message;
}
