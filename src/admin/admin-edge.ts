import type { VerifierOptions } from '../aws/sigv4/verify.ts';
import type { Authorizer } from '../policy/authorizer.ts';
import type { PullRecorder } from '../registry/image/pull-recorder.ts';
import type { Ports } from '../registry/ports.ts';
import type { Collector } from '../workers/collector.ts';

/** What the operator's edge stands on. Each endpoint names what it needs of it. */
export interface AdminEdge extends Ports {
  /** For the service `ecr`, on any path: the operator signs with the keys that the API takes. */
  readonly verifier: VerifierOptions;
  readonly authorizer: Authorizer;
  readonly pulls: PullRecorder;
  readonly collector: Pick<Collector, 'run' | 'last'>;
}
