import { connect } from 'node:net';
import aws4 from 'aws4';

/** A request and its answer, each with every byte that went over the wire. */
export interface Exchange {
  readonly request: string;
  readonly response: string;
  readonly status: number;
  readonly body: string;
}

/** Makes one signed call of ECR's JSON API over a plain socket, so that nothing stands between the bytes and the reader. */
export async function exchange(origin: string, operation: string, input: object): Promise<Exchange> {
  const { host, hostname, port } = new URL(origin);
  const body = JSON.stringify(input);
  const { headers } = aws4.sign(
    {
      method: 'POST',
      path: '/',
      service: 'ecr',
      region: 'us-east-1',
      headers: {
        Host: host,
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
        Connection: 'close',
      },
      body: Buffer.from(body),
    },
    { accessKeyId: 'test', secretAccessKey: 'test' },
  );
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${String(value)}`);
  const request = ['POST / HTTP/1.1', ...lines, '', body].join('\r\n');
  const response = await talk({ host: hostname, port: Number(port) }, request);
  const [head = '', answer = ''] = response.split('\r\n\r\n');
  return { request, response, status: Number(head.split(' ')[1]), body: answer };
}

async function talk(address: { host: string; port: number }, request: string): Promise<string> {
  const socket = connect(address);
  socket.write(request);
  return Buffer.concat(await socket.toArray()).toString('utf8');
}
