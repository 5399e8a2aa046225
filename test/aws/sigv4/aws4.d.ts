/** What the tests use of aws4, which ships no types. */
declare module 'aws4' {
  interface Aws4Request {
    readonly service: string;
    readonly region: string;
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string | number>>;
    readonly body?: Buffer;
    /** Adds no header of its own, X-Amz-Date included. */
    readonly doNotModifyHeaders?: boolean;
    /** Lower-case names to leave unsigned. */
    readonly extraHeadersToIgnore?: Readonly<Record<string, boolean>>;
  }
  interface Aws4Credentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  }
  const aws4: { sign(request: Aws4Request, credentials: Aws4Credentials): Aws4Request };
  export default aws4;
}
