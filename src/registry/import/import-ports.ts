import type { Ports } from '../ports.ts';

/** The two stores of an import. The source is only read. */
export interface ImportPorts {
  readonly source: Pick<Ports, 'metadata' | 'blobs'>;
  readonly target: Pick<Ports, 'metadata' | 'blobs' | 'uploads'>;
  readonly clock: Ports['clock'];
  readonly ids: Ports['ids'];
}
