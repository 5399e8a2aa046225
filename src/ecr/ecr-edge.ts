import type { VerifierOptions } from '../aws/sigv4/verify.ts';
import type { Authorizer } from '../policy/authorizer.ts';
import type { Operations } from './operations.ts';

/** What the edge of ECR's JSON API stands on. */
export interface EcrEdge {
  readonly operations: Operations;
  readonly verifier: VerifierOptions;
  readonly authorizer: Authorizer;
  /** Berth's own, for the sentences that say what it serves. */
  readonly version: string;
}
