import type { OutgoingHttpHeaders } from 'node:http';
import aws4 from 'aws4';
import { Requests } from '../requests.ts';

/** A call with its signature, ready to be sent: signing costs the client more than sending. */
export interface SignedCall {
  readonly operation: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Speaks ECR's JSON protocol by hand, with SigV4. An SDK would use up the processor that the server is measured on. */
export class EcrClient implements Disposable {
  readonly origin: string;
  readonly #requests: Requests;

  constructor(origin: string) {
    this.origin = origin;
    this.#requests = new Requests(origin);
  }

  sign(operation: string, input: object): SignedCall {
    const body = Buffer.from(JSON.stringify(input));
    const signed = aws4.sign(
      {
        service: 'ecr',
        region: 'us-east-1',
        method: 'POST',
        path: '/',
        headers: {
          Host: new URL(this.origin).host,
          'Content-Type': 'application/x-amz-json-1.1',
          'X-Amz-Target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
        },
        body,
      },
      { accessKeyId: 'test', secretAccessKey: 'test' },
    );
    return { operation, headers: { ...signed.headers }, body };
  }

  /** The bytes of a good answer, unread. */
  async send({ headers, body }: SignedCall): Promise<Buffer> {
    return (await this.#requests.expect(200, 'POST', '/', headers, body)).body;
  }

  async call(operation: string, input: object) {
    return JSON.parse((await this.send(this.sign(operation, input))).toString('utf8'));
  }

  [Symbol.dispose](): void {
    this.#requests[Symbol.dispose]();
  }
}
