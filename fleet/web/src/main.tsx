import { render } from 'preact';
import { App } from './App.tsx';
import { keepShell } from './shared/shell.ts';
import './shared/tokens.css';
import './shared/controls.css';

if (import.meta.env.PROD) void keepShell();
render(<App />, document.getElementById('app')!);
