import { expect, test } from 'vitest';
import { problems, resolve } from './given.ts';

test('an unknown BERTH_ variable is refused with the one it was probably meant to be', () => {
  expect(problems({ env: { BERTH_PROT: '1', BERTH_COFNIG: 'x', BERTH_COMPLETELY_ELSE: '' } })).toEqual([
    "unknown environment variable 'BERTH_PROT' (did you mean 'BERTH_PORT'?)",
    "unknown environment variable 'BERTH_COFNIG' (did you mean 'BERTH_CONFIG'?)",
    "unknown environment variable 'BERTH_COMPLETELY_ELSE'",
  ]);
});

test('credentials are refused in the environment, since secrets there are seen by too many', () => {
  expect(problems({ env: { BERTH_CREDENTIALS: 'x' } })).toEqual([
    "BERTH_CREDENTIALS: 'credentials' can only be set in a config file",
  ]);
});

test('a variable set to nothing counts as not set', () => {
  expect(resolve({ env: { BERTH_PORT: '', BERTH_CONFIG: '' } }).origins.port).toBe('default');
});

test('variables of other programs do not matter', () => {
  expect(resolve({ env: { PORT: '1', AWS_REGION: 'x', BERTHA: '1', berth_port: '1' } }).settings.port).toBe(4327);
});

test('what Kubernetes sets for a Service named berth is not taken for configuration', () => {
  const env = {
    BERTH_SERVICE_HOST: '10.0.0.1',
    BERTH_SERVICE_PORT: '4327',
    BERTH_SERVICE_PORT_HTTP: '4327',
    BERTH_PORT: 'tcp://10.0.0.1:4327',
    BERTH_PORT_4327_TCP: 'tcp://10.0.0.1:4327',
    BERTH_PORT_4327_TCP_PROTO: 'tcp',
    BERTH_PORT_4327_TCP_ADDR: '10.0.0.1',
  };
  expect(resolve({ env }).origins.port).toBe('default');
  expect(problems({ env: { BERTH_SERVICE_HOSTS: 'x' } })).toHaveLength(1);
});
