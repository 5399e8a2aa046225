import { expect, it } from 'vitest';
import { freshRepository } from '../ecr/support/test-repository.ts';
import { buildImage } from '../support/images.ts';
import { totalOf } from '../support/stored/bytes.ts';
import { startAdminServer } from './support/admin-server.ts';

/** More than the undo window, the leases and the graces of a server under test together. */
const LATER = 30 * 86_400_000;

it('a round that is asked for brings the bytes of deleted images back, and says what it brought', async () => {
  await using server = await startAdminServer();
  expect((await server.get('gc')).json['lastRound']).toBeUndefined();
  const repository = await freshRepository(server.ecr.client);
  await repository.push(buildImage('a'), 'a');
  await repository.delete({ imageTag: 'a' });
  expect(await totalOf(server.ecr.bytes)).toBeGreaterThan(0);
  // What one step of the life of a deletion makes due is done by the round or by the next.
  for (let round = 0; round < 4; round += 1) {
    server.clock.advance(LATER);
    const answer = await server.post('gc/run', {});
    expect(answer.status).toBe(200);
    expect(answer.json['collected']).toBeTypeOf('object');
  }
  expect(await totalOf(server.ecr.bytes)).toBe(0);
  const status = await server.get('gc');
  expect(status.json).toMatchObject({
    deleted: { images: 0 },
    idle: { bytes: 0 },
    trash: { count: 0, bytes: 0, failing: 0 },
    lastRound: { beganAt: expect.any(Number), endedAt: expect.any(Number), collected: expect.any(Object) },
  });
});

it('a round that nobody waits for is answered at once and ends all the same', async () => {
  await using server = await startAdminServer();
  const answer = await server.post('gc/run', { wait: false });
  expect([answer.status, answer.json]).toEqual([202, { started: true }]);
  await expect.poll(async () => (await server.get('gc')).json['lastRound']).toBeDefined();
});

it('a check of a sound store finds nothing, and one of a store that lost bytes says which', async () => {
  await using server = await startAdminServer();
  const repository = await freshRepository(server.ecr.client);
  await repository.push(buildImage('a'), 'a');
  const sound = await server.post('fsck', { deep: true, repair: false });
  expect(sound.lines).toMatchObject([{ kind: 'total', checked: expect.any(Object), findings: 0, repaired: 0 }]);

  const { bytes } = server.ecr;
  for (const name of (await bytes.sizes()).keys()) await bytes.lose(bytes.keyOf(name));
  const broken = await server.post('fsck', {});
  const findings = broken.lines.filter(({ kind }) => kind === 'finding');
  expect(findings.length).toBeGreaterThan(0);
  for (const finding of findings) {
    expect(finding).toMatchObject({
      problem: expect.any(String),
      subject: expect.any(String),
      detail: expect.any(String),
      repaired: false,
    });
  }
  expect(broken.lines.at(-1)).toMatchObject({ kind: 'total', findings: findings.length, repaired: 0 });
});
