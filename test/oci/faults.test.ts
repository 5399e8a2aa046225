import { expect, test } from 'vitest';
import { Fault } from '../../src/model/fault.ts';
import { FAULT_MESSAGES } from '../../src/model/fault-messages.ts';
import { StoreUnavailable } from '../../src/model/store-unavailable.ts';
import { OCI_ERRORS, refuse, serverError } from '../../src/oci/faults.ts';

const OURS: Readonly<Record<string, number>> = { StorageFull: 507, StoreUnavailable: 503 };

test('every fault but those of the stores has a status that blames the caller, and each has a code of capital letters', () => {
  const entries = Object.entries(OCI_ERRORS);
  expect(entries.map(([code]) => code).sort()).toEqual(Object.keys(FAULT_MESSAGES).sort());
  for (const [fault, { status, code }] of entries) {
    expect(status, fault).toBeGreaterThanOrEqual(400);
    if (fault in OURS) expect(status).toBe(OURS[fault]);
    else expect(status, fault).toBeLessThan(500);
    expect(code, fault).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
  }
});

test('a refusal is one error in the envelope, with a line break at the end', () => {
  const answer = refuse(new Fault('InvalidName', { name: 'a"\r\nb\u2028' }), { Allow: 'GET' });
  expect(answer.status).toBe(400);
  expect(answer.headers).toEqual({ Allow: 'GET', 'Content-Type': 'application/json; charset=utf-8' });
  expect(String(answer.body)).toBe(
    '{"errors":[{"code":"NAME_INVALID","message":"The repository name \'a\\"\\r\\nb\u2028\' is not valid"}]}\n',
  );
});

test('a store that does not answer is a reason to come again, and the caller is told when', () => {
  const answer = refuse(new StoreUnavailable('database', new Error('no route to 10.0.0.7')));
  expect(answer).toMatchObject({ status: 503, headers: { 'Retry-After': '1' } });
  expect(String(answer.body)).toContain('"code":"UNAVAILABLE"');
  expect(String(answer.body)).not.toContain('10.0.0.7');
});

test('an error of ours says no more than where to look', () => {
  const answer = serverError('4711');
  expect(answer.status).toBe(500);
  expect(String(answer.body)).toBe(
    '{"errors":[{"code":"UNKNOWN","message":"The server failed to answer the request 4711"}]}\n',
  );
});
