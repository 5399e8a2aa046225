import { ECR } from '@aws-sdk/client-ecr';
import aws4 from 'aws4';
import type { BerthProcess } from '../../test/support/berth-process.ts';
import { pushImage } from '../contender.ts';
import { MANIFEST_TYPE, makeImages } from '../images.ts';
import { Requests } from '../requests.ts';

/** The text of a request, and the statuses that say that it was served, or refused for want of room. */
export interface Kind {
  readonly name: string;
  readonly text: string;
  readonly served: number;
  readonly refused: number;
}

const REPOSITORY = 'load';

/** Pushes an image, and answers requests that read it, change something and ask the API, each as text to be sent many times. */
export async function makeKinds({ origin }: Pick<BerthProcess, 'origin'>): Promise<readonly [Kind, Kind, Kind]> {
  const { host } = new URL(origin);
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const ecr = new ECR({ endpoint: origin, region: 'us-east-1', credentials, maxAttempts: 1 });
  const { authorizationData: [token] = [] } = await ecr.getAuthorizationToken({});
  ecr.destroy();
  const authorization = `Basic ${token?.authorizationToken}`;
  using requests = new Requests(origin, { authorization });
  const [image] = makeImages(1);
  if (image === undefined) throw new Error('There is no image');
  await pushImage({ requests }, REPOSITORY, image);

  const registry = { Host: host, Authorization: authorization };
  const read = { ...registry, Accept: MANIFEST_TYPE };
  return [
    {
      name: 'manifest read',
      text: textOf(`GET /v2/${REPOSITORY}/manifests/${image.tag}`, read),
      served: 200,
      refused: 429,
    },
    {
      name: 'upload begun',
      text: textOf(`POST /v2/${REPOSITORY}/blobs/uploads/`, { ...registry, 'Content-Length': '0' }),
      served: 202,
      refused: 429,
    },
    { name: 'API called', text: apiCall(host, image.tag), served: 200, refused: 400 },
  ];
}

function apiCall(host: string, imageTag: string): string {
  const body = Buffer.from(JSON.stringify({ repositoryName: REPOSITORY, imageIds: [{ imageTag }] }));
  const headers = {
    Host: host,
    'Content-Type': 'application/x-amz-json-1.1',
    'X-Amz-Target': 'AmazonEC2ContainerRegistry_V20150921.DescribeImages',
  };
  const request = { service: 'ecr', region: 'us-east-1', method: 'POST', path: '/', headers, body };
  const signed = aws4.sign(request, { accessKeyId: 'test', secretAccessKey: 'test' });
  return textOf('POST /', { ...signed.headers, 'Content-Length': String(body.length) }, body.toString());
}

function textOf(line: string, headers: Readonly<Record<string, unknown>>, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
