/** What a load generator is told to do, over so many connections to each server, each with one request at a time. */
export interface Job {
  readonly origins: readonly string[];
  /** All of them together. */
  readonly connections: number;
  readonly work: Work;
}

export type Work = Calls | Pulls;

/** Calls of ECR's API, signed before the clock starts. */
export interface Calls {
  readonly kind: 'calls';
  readonly operation: string;
  readonly inputs: readonly object[];
  /** As long as this, over and over again; without it, each once. */
  readonly seconds?: number;
  /** The member of each answer that is wanted, in the order of the inputs. */
  readonly keep?: 'uploadId';
  /** A list in each answer, which has to have no entry; and one that has to have so many. */
  readonly empty?: string;
  readonly full?: { readonly list: string; readonly length: number };
}

/** Images as docker pulls them: the manifest by its tag, then config and layers, wherever they are to be had. */
export interface Pulls {
  readonly kind: 'pulls';
  readonly authorization: string;
  readonly images: readonly PulledImage[];
  readonly seconds: number;
}

export interface PulledImage {
  readonly repository: string;
  readonly tag: string;
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

export interface Done {
  /** Calls that were answered, or images that were pulled. */
  readonly units: number;
  readonly seconds: number;
  /** What the load generator itself computed meanwhile, in seconds of a processor. */
  readonly computed: number;
  /** In milliseconds, of a call or a pull. */
  readonly p50: number;
  readonly p99: number;
  readonly kept: readonly string[];
}
