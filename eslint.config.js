import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Typed rules that guard the streams: a lost promise is a lost frame. */
export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.fleetwire/**', '**/*.generated.ts', '**/*.avsc'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A table look-up with a key that the code itself made is not "unnecessary" or "unsafe": noUncheckedIndexedAccess covers it.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      eqeqeq: 'error',
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Read the environment once, in loadConfig(env) of config.ts, and pass the slice that is needed.',
        },
      ],
    },
  },
  {
    // The only places that meet the environment: config modules, mains, and what starts processes or tests.
    files: ['**/config.ts', '**/main.ts', 'deploy/local/**', 'cli/**', 'test/**', '**/*.test.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
);
