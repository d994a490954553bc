/* classify MODEL: runs a model with one float input on ones, with buffers of its own, and prints the first output. */
#include <linnet/linnet.h>

#include <stdio.h>
#include <stdlib.h>

static void check(linnet_status status) {
  if (status == LINNET_OK) return;
  fprintf(stderr, "%s: %s\n", linnet_status_name(status), linnet_last_error());
  exit(1);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: classify MODEL\n"), 2;
  linnet_model* model = NULL;
  check(linnet_model_load_file(argv[1], NULL, &model));

  float x[4 * 100]; /* the caller's buffers: no copy is made */
  float y[4 * 5];
  const int64_t x_shape[] = {4, 100};
  const int64_t y_shape[] = {4, 5};
  for (size_t i = 0; i < sizeof x / sizeof x[0]; ++i) x[i] = 1.0f;

  linnet_session* session = NULL;
  check(linnet_session_create(model, &session));
  check(linnet_session_bind_input(session, 0, LINNET_FLOAT32, x_shape, 2, x));
  check(linnet_session_bind_output(session, 0, LINNET_FLOAT32, y_shape, 2, y));
  check(linnet_session_run(session, NULL)); /* as often as you like: warm runs allocate nothing */
  for (size_t i = 0; i < 5; ++i) printf("%.9g\n", (double)y[i]);

  check(linnet_session_destroy(session));
  linnet_model_destroy(model);
  return 0;
}
