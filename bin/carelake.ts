import { loadConfig } from '../config';
import { buildApp, newApp } from '../lib/app';

const app = newApp();
buildApp(app, loadConfig(String(app.node.tryGetContext('env') ?? 'local')));
app.synth();
