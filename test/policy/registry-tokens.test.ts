import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { isFault } from '../../src/model/fault.ts';
import { RegistryTokens } from '../../src/policy/registry-tokens.ts';
import { REGISTRY } from '../support/images.ts';
import { TestClock } from '../support/test-clock.ts';

const CLAIMS = { registry: REGISTRY, principal: { arn: 'arn:aws:iam::000000000000:user/one', accountId: REGISTRY.id } };
const TWELVE_HOURS = 12 * 3_600_000;

test('a token says the same every time it is opened, and nothing once it has expired', () => {
  const clock = new TestClock();
  const tokens = new RegistryTokens(randomBytes(32), clock);
  const { password } = tokens.issue(CLAIMS);
  for (let time = 0; time < 3; time++) expect(tokens.open(password)).toEqual(CLAIMS);
  clock.advance(TWELVE_HOURS - 1);
  expect(tokens.open(password)).toEqual(CLAIMS);
  clock.advance(1);
  for (let time = 0; time < 2; time++) {
    expect(() => tokens.open(password)).toThrow(
      expect.toSatisfy((error) => isFault(error, 'ExpiredAuthorizationToken')),
    );
  }
});

test('a token that was opened makes no other one good, and what is none stays none', () => {
  const clock = new TestClock();
  const tokens = new RegistryTokens(randomBytes(32), clock);
  const others = new RegistryTokens(randomBytes(32), clock);
  const { password } = tokens.issue(CLAIMS);
  tokens.open(password);
  for (const wrong of ['', `${password}=`, password.slice(0, -4), others.issue(CLAIMS).password]) {
    for (let time = 0; time < 2; time++) expect(tokens.open(wrong)).toBeUndefined();
  }
});

test('more tokens than are remembered are all good', () => {
  const tokens = new RegistryTokens(randomBytes(32), new TestClock());
  const passwords = Array.from({ length: 600 }, (_, number) => {
    const principal = { arn: `arn:aws:iam::000000000000:user/${number}`, accountId: REGISTRY.id };
    return { principal, password: tokens.issue({ registry: REGISTRY, principal }).password };
  });
  for (let time = 0; time < 2; time++) {
    for (const { principal, password } of passwords) expect(tokens.open(password)?.principal).toEqual(principal);
  }
});
