import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import type { Shape } from '../../src/oci/parse-path.ts';
import { ROUTES } from '../../src/oci/routes.ts';
import type { Authorizer } from '../../src/policy/authorizer.ts';
import { blobOf, buildImage, buildIndex } from '../support/images.ts';
import { expectFault, PRINCIPAL, startOci } from './support/oci-server.ts';

const BLOB = blobOf('a blob');
const ARN = 'arn:aws:ecr:us-east-1:000000000000:repository/team/app';

/** Lets everything pass but what is forbidden, and keeps what it was asked. */
class Asked implements Authorizer {
  readonly asked: string[] = [];
  forbidden: string | undefined;

  async authorize(_principal: unknown, action: string, resource: string): Promise<void> {
    this.asked.push(`${action} ${resource}`);
    if (action !== this.forbidden && this.forbidden !== '*') return;
    const because = 'with an explicit deny in a resource-based policy';
    throw new Fault('AccessDenied', { principal: PRINCIPAL.arn, action, resource, because });
  }
}

/** Every route, as a request that needs just the actions named beside it. */
const REQUESTS: readonly (readonly [shape: Shape, line: string, ...actions: string[]])[] = [
  ['root', 'GET /v2/'],
  ['root', 'HEAD /v2/'],
  ['catalog', 'GET /v2/_catalog', 'ecr:DescribeRepositories *'],
  ['catalog', 'HEAD /v2/_catalog', 'ecr:DescribeRepositories *'],
  ['tags', 'GET /v2/team/app/tags/list', `ecr:ListImages ${ARN}`],
  ['tags', 'HEAD /v2/team/app/tags/list', `ecr:ListImages ${ARN}`],
  ['manifest', 'GET /v2/team/app/manifests/v1', `ecr:BatchGetImage ${ARN}`],
  ['manifest', 'HEAD /v2/team/app/manifests/v1', `ecr:BatchGetImage ${ARN}`],
  ['manifest', 'PUT /v2/team/app/manifests/v1', `ecr:PutImage ${ARN}`],
  ['manifest', 'DELETE /v2/team/app/manifests/v1', `ecr:BatchDeleteImage ${ARN}`],
  ['referrers', `GET /v2/team/app/referrers/${BLOB.digest}`, `ecr:BatchGetImage ${ARN}`],
  ['referrers', `HEAD /v2/team/app/referrers/${BLOB.digest}`, `ecr:BatchGetImage ${ARN}`],
  ['blob', `GET /v2/team/app/blobs/${BLOB.digest}`, `ecr:GetDownloadUrlForLayer ${ARN}`],
  ['blob', `HEAD /v2/team/app/blobs/${BLOB.digest}`, `ecr:BatchCheckLayerAvailability ${ARN}`],
  ['blob', `DELETE /v2/team/app/blobs/${BLOB.digest}`, `ecr:BatchDeleteImage ${ARN}`],
  ['uploads', 'POST /v2/team/app/blobs/uploads/', `ecr:InitiateLayerUpload ${ARN}`],
  ['upload', 'GET /v2/team/app/blobs/uploads/7', `ecr:UploadLayerPart ${ARN}`],
  ['upload', 'HEAD /v2/team/app/blobs/uploads/7', `ecr:UploadLayerPart ${ARN}`],
  ['upload', 'PATCH /v2/team/app/blobs/uploads/7', `ecr:UploadLayerPart ${ARN}`],
  ['upload', `PUT /v2/team/app/blobs/uploads/7?digest=${BLOB.digest}`, `ecr:CompleteLayerUpload ${ARN}`],
  ['upload', 'DELETE /v2/team/app/blobs/uploads/7', `ecr:UploadLayerPart ${ARN}`],
];

test('every route is in this table', () => {
  const routes = Object.entries(ROUTES).flatMap(([shape, methods]) =>
    Object.keys(methods).map((method) => `${method} ${shape}`),
  );
  expect(routes.sort()).toEqual(REQUESTS.map(([shape, line]) => `${line.split(' ')[0]} ${shape}`).sort());
  expect(routes).toHaveLength(21);
});

test.each(REQUESTS)(
  '%s: %s asks for the permission that ECR asks for, and for no other',
  async (_shape, line, ...actions) => {
    const authorizer = new Asked();
    await using server = await startOci({ authorizer });
    await server.pushImage('team/app', buildImage('one'), 'v1');
    authorizer.asked.length = 0;
    await server.send(line);
    expect(authorizer.asked).toEqual(actions);
  },
);

test('whoever may not do a thing learns nothing more than that, whatever is there or not', async () => {
  const authorizer = new Asked();
  await using server = await startOci({ authorizer });
  await server.pushImage('team/app', buildImage('one'), 'v1');
  const location = await server.beginUpload('team/app');
  authorizer.forbidden = '*';
  for (const [shape, line] of REQUESTS.filter(([name]) => name !== 'root')) {
    for (const target of [
      line,
      line.replace('team/app', 'team/gone'),
      line.replace('/uploads/7', location.slice(-45)),
    ]) {
      const answer = await server.send(target, { body: 'x' });
      const action = ROUTES[shape][line.split(' ')[0] ?? '']?.action;
      const [, name = ''] = /\/v2\/(team\/[a-z]+)\//.exec(target) ?? [];
      const resource = shape === 'catalog' ? '*' : `arn:aws:ecr:us-east-1:000000000000:repository/${name}`;
      if (target.startsWith('HEAD')) expect(answer.status).toBe(403);
      else {
        expectFault(
          answer,
          403,
          'DENIED',
          `User: ${PRINCIPAL.arn} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in a resource-based policy`,
        );
      }
    }
  }
  authorizer.forbidden = undefined;
  expect((await server.send('GET /v2/team/app/tags/list')).text).toBe('{"name":"team/app","tags":["v1"]}');
  expect((await server.send(`GET ${location}`)).headers.range).toBe('0-0');
});

test('a blob in one POST takes what the three steps take', async () => {
  const authorizer = new Asked();
  await using server = await startOci({ authorizer });
  await server.pushBlob('team/app', BLOB);
  expect(authorizer.asked).toEqual([
    `ecr:InitiateLayerUpload ${ARN}`,
    `ecr:UploadLayerPart ${ARN}`,
    `ecr:CompleteLayerUpload ${ARN}`,
    `ecr:CreateRepository ${ARN}`,
  ]);
  for (const forbidden of [
    'ecr:InitiateLayerUpload',
    'ecr:UploadLayerPart',
    'ecr:CompleteLayerUpload',
    'ecr:CreateRepository',
  ]) {
    authorizer.forbidden = forbidden;
    const line = `POST /v2/team/other/blobs/uploads/?digest=${BLOB.digest}`;
    expect((await server.send(line, { body: BLOB.bytes })).status).toBe(403);
  }
  authorizer.forbidden = undefined;
  expect((await server.send('GET /v2/_catalog')).text).toBe('{"repositories":["team/app"]}');
});

test('the last chunk in a PUT takes the right to send one', async () => {
  const authorizer = new Asked();
  await using server = await startOci({ authorizer });
  const location = await server.beginUpload('team/app');
  await server.send(`PATCH ${location}`, { body: BLOB.bytes });
  authorizer.forbidden = 'ecr:UploadLayerPart';
  expect((await server.send(`PUT ${location}?digest=${BLOB.digest}`, { body: 'x' })).status).toBe(403);
  expect((await server.send(`PUT ${location}?digest=${BLOB.digest}`)).status).toBe(201);
});

test('a mount asks about the source as well as the target', async () => {
  const authorizer = new Asked();
  await using server = await startOci({ authorizer });
  await server.pushBlob('source', BLOB);
  await server.beginUpload('team/app');
  authorizer.asked.length = 0;
  await server.send(`POST /v2/team/app/blobs/uploads/?mount=${BLOB.digest}&from=source`);
  const source = 'arn:aws:ecr:us-east-1:000000000000:repository/source';
  expect(authorizer.asked).toEqual([
    `ecr:InitiateLayerUpload ${ARN}`,
    `ecr:BatchCheckLayerAvailability ${source}`,
    `ecr:GetDownloadUrlForLayer ${source}`,
  ]);
});

test('a manifest for a missing repository takes the right to create one', async () => {
  const authorizer = new Asked();
  await using server = await startOci({ authorizer });
  authorizer.forbidden = 'ecr:CreateRepository';
  expect((await server.putManifest('team/app', buildIndex([]), 'v1')).status).toBe(403);
  expect((await server.send('GET /v2/_catalog')).text).toBe('{"repositories":[]}');
});
