/** An S3 server for tests, on loopback, with nothing in it. */
export interface TestS3 extends AsyncDisposable {
  /** What it is, for messages. */
  readonly kind: string;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Makes an empty bucket and answers its name. */
  freshBucket(): Promise<string>;
}

export const CREDENTIALS = { accessKeyId: 'berth-tests', secretAccessKey: 'berth-tests-secret' };
