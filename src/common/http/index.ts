export * from './checked-input.js';
export * from './problem-answers.js';
