import { loadConfig } from '../config';
import { addExternalChecks } from '../guard';
import { buildApp, newApp } from '../lib/app';

const app = newApp();
const config = loadConfig(String(app.node.tryGetContext('env') ?? 'local'));
buildApp(app, config);
addExternalChecks(app, config.env);
app.synth();
