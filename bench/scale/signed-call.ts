import { signRequest } from '../../src/aws/sigv4/sign-request.ts';

/** A call as it goes over a connection: `headers` are whole lines, but for those that each connection has. */
export interface SignedCall {
  readonly headers: string;
  readonly body: Uint8Array;
}

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test', region: 'us-east-1', service: 'ecr' };

/** A call of ECR's API to the server at `origin`; it can be sent as often as one likes while its date is good. */
export function signCall(origin: string, operation: string, input: object): SignedCall {
  const body = Buffer.from(JSON.stringify(input));
  const headers = {
    host: new URL(origin).host,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
  };
  const { host: _, ...signed } = signRequest(
    { method: 'POST', target: '/', headers, body },
    { ...CREDENTIALS, at: Date.now() },
  );
  const lines = Object.entries(signed).map(([name, value]) => `${name}: ${value}\r\n`);
  return { headers: lines.join(''), body };
}
