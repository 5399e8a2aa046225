#!/usr/bin/env node
// Plain JavaScript of an old dialect on purpose: an old Node must get as far as the sentence below.
var major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error('berth needs Node.js 24 or newer; this is ' + process.version + ' (inside the project, npm scripts bring their own).');
  process.exitCode = 2;
} else {
  // A checkout runs its TypeScript as it stands; the published package carries only what was built from it.
  var fs = require('node:fs');
}
