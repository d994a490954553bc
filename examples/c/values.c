/* values MODEL: runs examples/values/values.onnx, whose inputs and outputs are strings and sequences. */
#include <linnet/linnet.h>

#include <stdio.h>
#include <stdlib.h>

static void check(linnet_status status) {
  if (status == LINNET_OK) return;
  fprintf(stderr, "%s: %s\n", linnet_status_name(status), linnet_last_error());
  exit(1);
}

static void run(const linnet_model* model) {
  const char* const words[] = {"cat", "dog", "cat"};
  const int64_t three[] = {3};
  const float numbers[] = {0.5f, 0.25f, 0.125f};
  linnet_value* labels = NULL;
  linnet_value* score = NULL;
  linnet_value* scores = NULL;
  check(linnet_value_create_strings(three, 1, words, NULL, &labels));
  check(linnet_value_create_tensor(LINNET_FLOAT32, three, 1, numbers, &score));
  const linnet_value* const items[] = {score, score}; /* shared, not copied */
  check(linnet_value_create_sequence(LINNET_FLOAT32, items, 2, &scores));

  const linnet_value* const inputs[] = {labels, scores};
  linnet_value* outputs[3] = {NULL};
  check(linnet_model_run_values(model, inputs, 2, outputs, 3, NULL));
  const void* are_cats = NULL;
  check(linnet_value_data(outputs[0], &are_cats));
  printf("the first is a cat: %s\n", *(const unsigned char*)are_cats ? "yes" : "no");
  printf("%zu scores\n", linnet_value_count(outputs[1]));
  linnet_value* last = NULL;
  check(linnet_value_item(outputs[2], linnet_value_count(outputs[2]) - 1, &last));
  printf("the last of %zu tensors has %zu\n", linnet_value_count(outputs[2]), linnet_value_count(last));

  linnet_value_destroy(last);
  for (size_t i = 0; i < 3; ++i) linnet_value_destroy(outputs[i]);
  linnet_value_destroy(scores);
  linnet_value_destroy(score);
  linnet_value_destroy(labels);
}

int main(int argc, char** argv) {
  if (argc != 2) return fprintf(stderr, "usage: values MODEL\n"), 2;
  linnet_model* model = NULL;
  check(linnet_model_load_file(argv[1], NULL, &model));
  for (size_t i = 0; i < linnet_model_input_count(model); ++i) {
    const linnet_value_info* info = NULL;
    check(linnet_model_input(model, i, &info));
    const int is_sequence = linnet_value_info_kind(info) == LINNET_KIND_SEQUENCE;
    printf("%s: %s%s\n", linnet_value_info_name(info), is_sequence ? "sequence of " : "",
           linnet_type_name(linnet_value_info_type(info)));
  }
  run(model);
  linnet_model_destroy(model);
  return 0;
}
