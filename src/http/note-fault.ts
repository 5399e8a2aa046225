import type { FastifyRequest } from 'fastify';
import type { Fault } from '../model/fault.ts';
import { StoreUnavailable } from '../model/store-unavailable.ts';
import { annotate } from './access-log.ts';

/** Names the refusal in the line of the request. A store that cannot be reached has a line of its own: that says why. */
export function noteFault(request: Pick<FastifyRequest, 'raw' | 'log'>, fault: Fault): void {
  annotate(request, { fault: fault.code });
  if (!(fault instanceof StoreUnavailable)) return;
  request.log.warn({ err: fault.cause ?? fault, store: fault.facts.store }, 'a store is not available');
}
