/* own_threads MODEL: a model from memory, on threads of the program's own, with log lines and a time limit; prints the
   model's input and output and the first row of the result. */
#include <linnet/linnet.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { kThreads = 2 };

/* The simplest pool there is: a thread for every task but the first. A real one keeps its threads. */
struct call {
  linnet_task task;
  void* context;
  size_t index;
};

static void* run_call(void* argument) {
  const struct call* call = argument;
  call->task(call->context, call->index);
  return NULL;
}

static int32_t concurrency(void* pool) {
  (void)pool;
  return kThreads;
}

static void parallel_for(void* pool, size_t count, linnet_task task, void* context) {
  struct call calls[kThreads]; /* count is at most what concurrency said */
  pthread_t threads[kThreads];
  int started[kThreads] = {0};
  ++*(int*)pool;
  for (size_t i = 1; i < count; ++i) {
    calls[i].task = task;
    calls[i].context = context;
    calls[i].index = i;
    started[i] = pthread_create(&threads[i], NULL, run_call, &calls[i]) == 0;
  }
  task(context, 0);
  for (size_t i = 1; i < count; ++i) {
    if (started[i]) {
      pthread_join(threads[i], NULL);
    } else {
      task(context, i);
    }
  }
}

static void log_line(void* file, linnet_log_level level, const char* line, size_t length) {
  (void)length;
  if (level >= LINNET_LOG_INFO) fprintf(file, "linnet: %s\n", line);
}

static void check(linnet_status status) {
  if (status == LINNET_OK) return;
  fprintf(stderr, "%s: %s\n", linnet_status_name(status), linnet_last_error());
  exit(1);
}

static char* read_whole_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) return NULL;
  *size = (size_t)ftell(file);
  rewind(file);
  char* bytes = malloc(*size);
  if (bytes != NULL && fread(bytes, 1, *size, file) != *size) *size = 0;
  fclose(file);
  return bytes;
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: own_threads MODEL\n"), 2;
  size_t size = 0;
  char* bytes = read_whole_file(argv[1], &size);
  int loops = 0;

  linnet_options* options = NULL;
  check(linnet_options_create(&options));
  check(linnet_options_set_thread_pool(options, concurrency, parallel_for, &loops));
  check(linnet_options_set_log(options, log_line, stdout));
  linnet_model* model = NULL;
  check(linnet_model_load_memory(bytes, size, options, &model));
  linnet_options_destroy(options);
  free(bytes);

  const linnet_value_info* info = NULL;
  check(linnet_model_input(model, 0, &info));
  printf("input %s: %s, rank %zu\n", linnet_value_info_name(info), linnet_type_name(linnet_value_info_type(info)),
         linnet_value_info_rank(info));

  /* Tensors that own their memory, in and out, and a time limit. */
  const int64_t shape[] = {2000, 100};
  linnet_tensor* x = NULL;
  check(linnet_tensor_create(LINNET_FLOAT32, shape, 2, &x));
  float* values = linnet_tensor_data(x);
  for (size_t i = 0; i < linnet_tensor_count(x); ++i) values[i] = 1.0f;
  linnet_run_options* limits = NULL;
  check(linnet_run_options_create(&limits));
  check(linnet_run_options_set_timeout(limits, INT64_C(60000000000)));
  const linnet_tensor* const inputs[] = {x};
  linnet_tensor* y = NULL;
  check(linnet_model_run(model, inputs, 1, &y, 1, limits));
  const float* results = linnet_tensor_data(y);
  for (size_t i = 0; i < 5; ++i) printf("%.9g\n", (double)results[i]);
  printf("loops on own threads: %s\n", loops > 0 ? "yes" : "no");

  linnet_tensor_destroy(y);
  linnet_run_options_destroy(limits);
  linnet_tensor_destroy(x);
  linnet_model_destroy(model);
  return 0;
}
