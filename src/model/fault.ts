import { FAULT_MESSAGES, type FaultCode, type FaultFacts } from './fault-messages.ts';

/**
 * A refusal that the caller may read. Edges render it in their protocol (`ecr/faults.ts`, `oci/faults.ts`).
 * Anything else that is thrown is an error of ours: the caller sees no more of it than a request id.
 */
export class Fault<C extends FaultCode = FaultCode> extends Error {
  readonly code: C;
  readonly facts: FaultFacts<C>;

  constructor(code: C, facts: FaultFacts<C>) {
    super((FAULT_MESSAGES[code] as (facts: FaultFacts<C>) => string)(facts));
    this.name = 'Fault';
    this.code = code;
    this.facts = facts;
  }
}

/** Narrows a thrown value to one fault. */
export function isFault<C extends FaultCode>(error: unknown, code: C): error is Fault<C> {
  return error instanceof Fault && error.code === code;
}
