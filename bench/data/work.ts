/** What a load generator is told to do, over so many connections, each with one request at a time. */
export interface Job {
  readonly origin: string;
  readonly authorization: string | undefined;
  readonly connections: number;
  readonly work: Work;
}

export type Work = PushImages | ReadManifests | ListTags | PushBlobs | PullBlobs;

/** Small images that share nothing, each by its tag, `v0` and so on. */
export interface PushImages {
  readonly kind: 'push images';
  readonly repository: string;
  readonly count: number;
}

/** By tag, `v0` to `v<tags - 1>`. */
export interface ReadManifests {
  readonly kind: 'read manifests';
  readonly method: 'GET' | 'HEAD';
  readonly repository: string;
  readonly tags: number;
  readonly seconds: number;
}

/** All tags in one page. */
export interface ListTags {
  readonly kind: 'list tags';
  readonly repository: string;
  readonly tags: number;
  readonly seconds: number;
}

export interface PushBlobs {
  readonly kind: 'push blobs';
  readonly repository: string;
  readonly count: number;
  readonly bytes: number;
}

/** The same blobs again and again; the first time, before the clock starts, their digests are compared. */
export interface PullBlobs {
  readonly kind: 'pull blobs';
  readonly repository: string;
  readonly digests: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

export interface Done {
  /** Images, answers or bytes. */
  readonly units: number;
  readonly seconds: number;
  /** What the load generator itself computed meanwhile, of `seconds` on one processor. */
  readonly clientShare: number;
  /** Of the blobs that were pushed. */
  readonly digests: readonly string[];
}
