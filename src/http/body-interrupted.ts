/** The caller went away, or was cut off, before its request body was complete. There is nobody left to answer. */
export class BodyInterrupted extends Error {
  constructor(options?: ErrorOptions) {
    super('The connection closed before the request body was complete', options);
    this.name = 'BodyInterrupted';
  }
}
