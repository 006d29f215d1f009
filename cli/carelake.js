#!/usr/bin/env node
// The command of the package: the sources are TypeScript and run as they are.
const { register } = require('tsx/cjs/api');
register();
require('./main.ts');
