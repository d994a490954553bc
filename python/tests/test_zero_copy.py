"""Arrays go in and come out where they lie."""

import gc

import linnet
import numpy as np
import pytest
import torch
from conftest import make_model, relu_model
from onnx import TensorProto, helper


@pytest.fixture
def relu():
    return linnet.load(relu_model())


def test_numpy_output_goes_to_the_array_given(relu):
    x = np.float32([[-1, 2, -3]])
    out = np.full_like(x, 9)
    assert relu(x, out=out) is out
    np.testing.assert_array_equal(out, [[0, 2, 0]])
    by_name = relu.run({"x": x}, out={"y": out})
    assert by_name["y"] is out


def test_torch_goes_in_and_out_without_a_copy(relu):
    x = torch.tensor([[-1.0, 2.0, -3.0]])
    out = torch.empty(1, 3)
    address = out.data_ptr()
    assert relu(x, out=out) is out
    assert out.data_ptr() == address and out.tolist() == [[0, 2, 0]]
    made = relu(x)
    assert isinstance(made, torch.Tensor) and made.dtype == torch.float32 and made.tolist() == [[0, 2, 0]]


def test_inputs_are_read_where_they_lie(relu):
    """A binding sees what is written to its input later, so it holds no copy; for each kind of array."""
    for x, out in (
        (np.zeros((1, 3), np.float32), np.empty((1, 3), np.float32)),
        (torch.zeros(1, 3), torch.empty(1, 3)),
    ):
        binding = relu.binding()
        binding.bind_input("x", x)
        binding.bind_output("y", out)
        address = out.data_ptr() if isinstance(out, torch.Tensor) else out.ctypes.data
        for value in (1.0, 2.0, -1.0):
            x[0, 1] = value
            binding.run()
            assert out[0, 1] == max(value, 0)
        assert address == (out.data_ptr() if isinstance(out, torch.Tensor) else out.ctypes.data)


def test_an_identity_writes_straight_to_the_output(relu):
    """The output given overlaps the input: refused. A copy on the way would hide that."""
    memory = np.zeros((2, 3), np.float32)
    with pytest.raises(linnet.InvalidArgument, match='output "y" overlaps input "x"'):
        relu(memory[:1], out=memory[:1])
    tensor = torch.zeros(1, 3)
    with pytest.raises(linnet.InvalidArgument, match="overlaps"):
        relu(tensor, out=tensor)
    relu(memory[:1], out=memory[1:])  # neighbours do not overlap


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.int64])
def test_torch_dtypes(dtype):
    kinds = {
        torch.float16: TensorProto.FLOAT16,
        torch.bfloat16: TensorProto.BFLOAT16,
        torch.float64: TensorProto.DOUBLE,
        torch.int8: TensorProto.INT8,
        torch.int64: TensorProto.INT64,
    }
    y = linnet.load(relu_model(kinds[dtype]))(torch.tensor([[-1, 0, 2]], dtype=dtype))
    assert y.dtype == dtype and y.tolist() == [[0, 0, 2]]


def test_bool_tensors():
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.BOOL)
    model = linnet.load(make_model([node], [("x", TensorProto.BOOL, [2])], [("y", TensorProto.BOOL, [2])]))
    assert model(torch.tensor([True, False])).tolist() == [True, False]
    assert model(np.array([True, False])).tolist() == [True, False]


class OnlyDlpack:
    """An array of another package: DLPack and nothing else. `old` knows no max_version, as before DLPack 1.0."""

    def __init__(self, array, old):
        self.array, self.old = array, old

    def __dlpack__(self, **keywords):
        if self.old and keywords:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize("old", [False, True])
def test_any_dlpack_array(relu, old):
    x = OnlyDlpack(np.float32([[-1, 2, -3]]), old)
    y = relu(x)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, [[0, 2, 0]])
    out = np.zeros((1, 3), np.float32)
    relu(x, out=OnlyDlpack(out, old))
    np.testing.assert_array_equal(out, [[0, 2, 0]])


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_works_once(relu, version):
    x = torch.tensor([[-1.0, 2.0, -3.0]])
    capsule = x.__dlpack__() if version is None else x.__dlpack__(max_version=version)
    np.testing.assert_array_equal(relu(capsule), [[0, 2, 0]])
    with pytest.raises(linnet.InvalidArgument, match="consumed before"):
        relu(capsule)


def test_read_only_arrays_can_be_read_and_not_written(relu):
    x = np.float32([[-1, 2, -3]])
    x.flags.writeable = False
    np.testing.assert_array_equal(relu(x), [[0, 2, 0]])
    out = np.empty_like(x)
    out.flags.writeable = False
    with pytest.raises(linnet.InvalidArgument, match='output "y": .*read-?only|not writ'):
        relu(x, out=out)


def _views():
    base = np.arange(24, dtype=np.float32).reshape(4, 6) - 12
    unaligned = np.frombuffer(b"\0" + base.tobytes(), np.uint8)[1:].view(np.float32).reshape(8, 3)
    return {
        "every second column": base[:, ::2],
        "backwards": base[::-1, 2::-1],
        "Fortran order": np.asfortranarray(base[:, :3]),
        "transposed": base.T[:3].T,
        "one row many times": np.broadcast_to(base[0, :3], (5, 3)),
        "not aligned": unaligned,
        "an empty view": base[:0, ::2],
        "a single row with a strange stride": base[1:2, :3],
    }


@pytest.mark.parametrize("name", list(_views()))
def test_arrays_that_are_not_contiguous_are_copied(relu, name):
    view = _views()[name]
    np.testing.assert_array_equal(relu(view), np.maximum(view, 0))


@pytest.mark.parametrize("dtype", ["int8", "float16", "float64"])
def test_strided_copies_of_other_sizes(dtype):
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    view = np.arange(-30, 30).astype(dtype).reshape(5, 4, 3)[::2, ::-1]
    model = linnet.load(relu_model(kind, shape=("a", "b", "c")))
    np.testing.assert_array_equal(model(view), np.maximum(view, 0))


def test_torch_views_are_copied(relu):
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6) - 12
    for view in (base[:, ::2], base.T[:3].T, base[0, :3].expand(5, 3)):
        assert torch.equal(relu(view), torch.relu(view))


def test_outputs_cannot_be_strided(relu):
    x = np.zeros((2, 3), np.float32)
    with pytest.raises(linnet.InvalidArgument, match='output "y": an array to write to must be contiguous'):
        relu(x, out=np.empty((2, 6), np.float32)[:, ::2])


def test_an_output_of_the_wrong_kind_is_refused(relu):
    x = np.zeros((2, 3), np.float32)
    for out in (np.empty((2, 4), np.float32), np.empty((3, 2), np.float32), np.empty((2, 3), np.float64)):
        with pytest.raises(linnet.InvalidArgument, match='output "y" is float32 .2,3. for these inputs, the buffer'):
            relu(x, out=out)
    with pytest.raises(linnet.InvalidArgument, match="out has 2 arrays, the model has 1"):
        relu(x, out=[None, None])
    with pytest.raises(linnet.InvalidArgument, match="not among the outputs"):
        relu.run({"x": x}, out={"z": x})
    np.testing.assert_array_equal(relu(x), x)  # and the model is as good as before


def test_a_binding_keeps_its_arrays_alive(relu):
    binding = relu.binding()
    binding.bind_input("x", np.full((1, 3), 5, np.float32))
    out = np.zeros((1, 3), np.float32)
    binding.bind_output("y", out)
    del relu
    gc.collect()
    garbage = [np.full((1, 3), -1, np.float32) for _ in range(100)]  # would lie where a freed array lay
    binding.run()
    np.testing.assert_array_equal(out, np.full((1, 3), 5))
    assert len(garbage) == 100


def test_a_tensor_with_a_gradient_is_refused_with_advice(relu):
    with pytest.raises(linnet.InvalidArgument, match='input "x": .*detach'):
        relu(torch.zeros(1, 3, requires_grad=True))


def identity(kind):
    node = helper.make_node("Identity", ["x"], ["y"])
    return linnet.load(make_model([node], [("x", kind, ("n", 3))], [("y", kind, ("n", 3))]))


def test_a_negated_view_keeps_its_sign(relu):
    """imag() of a conjugated tensor has the negative bit: its memory holds the other sign, which DLPack does not say."""
    numbers = torch.complex(torch.zeros(2, 3), torch.tensor([[1.0, -2, 3], [-4, 5, -6]])).conj()
    view = torch.imag(numbers)
    assert view.is_neg()
    assert torch.equal(relu(view), torch.relu(view)) and torch.equal(identity(TensorProto.FLOAT)(view), view)
    plain = torch._neg_view(torch.tensor([[1.0, -2, 3]]))
    session = linnet.InferenceSession(relu_model().SerializeToString())
    for made in (relu(plain), session.run(None, {"x": plain})[0], relu.run({"x": plain})["y"]):
        assert made.tolist() == [[0, 2, 0]]
    binding = relu.binding()
    binding.bind_input("x", plain)
    out = torch.empty(1, 3)
    binding.bind_output("y", out)
    binding.run()
    assert out.tolist() == [[0, 2, 0]]
    with pytest.raises(linnet.InvalidArgument, match='output "y": a negated or conjugated view cannot be written to'):
        relu(torch.zeros(1, 3), out=torch._neg_view(out))
    with pytest.raises(linnet.InvalidArgument, match="resolve_neg"):
        linnet.OrtValue.from_dlpack(plain)
    with pytest.raises(linnet.InvalidArgument, match="wants float32 .*, got complex64"):
        relu(numbers)  # conjugated: resolved, and then of another dtype


def _freed():
    tensor = torch.ones(4, 3)
    tensor.untyped_storage().resize_(0)
    return tensor


def _fake(make):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        return make()


WITHOUT_PLAIN_MEMORY = {
    "a freed storage": (_freed, "has no memory"),
    "a fake tensor": (lambda: _fake(lambda: torch.empty(4, 3)), "has no memory"),
    "a fake tensor that would be copied": (lambda: _fake(lambda: torch.empty(3, 4).T), "has no memory"),
    "a meta tensor": (lambda: torch.empty(4, 3, device="meta"), "meta"),
    "a sparse matrix": (lambda: torch.ones(4, 3).to_sparse_csr(), "layout"),
    "a quantised tensor": (lambda: torch.quantize_per_tensor(torch.ones(4, 3), 0.1, 0, torch.qint8), "not supported"),
    "a nested tensor": (lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]), "NestedTensor"),
    "a tensor of 8-bit floats": (lambda: torch.zeros(4, 3, dtype=torch.float8_e4m3fn), "not supported"),
    "a tensor of half complex numbers": (lambda: torch.zeros(4, 3, dtype=torch.complex32), "not supported"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(WITHOUT_PLAIN_MEMORY))
def test_torch_tensors_without_plain_memory_are_refused(relu, name):
    make, message = WITHOUT_PLAIN_MEMORY[name]
    with pytest.raises(linnet.InvalidArgument, match=f'input "x": .*{message}'):
        relu(make())


@pytest.mark.filterwarnings("ignore")
def test_a_tensor_within_vmap_is_refused(relu):
    with pytest.raises(linnet.InvalidArgument, match='input "x": .*storage'):
        torch.vmap(relu)(torch.ones(2, 1, 3))


@pytest.mark.filterwarnings("ignore")
def test_torch_subclasses(relu):
    """A subclass with memory of its own is read; one that stands for other tensors is not."""
    parameter = torch.nn.Parameter(torch.tensor([[-1.0, 2, -3]]), requires_grad=False)
    assert relu(parameter).tolist() == [[0, 2, 0]]
    from torch.masked import masked_tensor

    with pytest.raises(linnet.InvalidArgument, match='input "x": '):
        relu(masked_tensor(torch.ones(1, 3), torch.tensor([[True, False, True]])))


def test_masked_arrays(relu):
    values = np.float32([[1, -2, 3]])
    masked = np.ma.array(values, mask=[[False, False, True]])
    with pytest.raises(linnet.InvalidArgument, match='input "x": elements of the array are masked; array.filled'):
        relu(masked)
    np.testing.assert_array_equal(relu(masked.filled(0)), [[1, 0, 0]])
    np.testing.assert_array_equal(relu(np.ma.array(values)), [[1, 0, 3]])  # nothing is masked
    with pytest.raises(linnet.InvalidArgument, match="masked"):
        relu(values, out=masked)
    with pytest.raises(linnet.InvalidArgument, match="masked"):
        linnet.OrtValue.ortvalue_from_numpy(masked)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_other_numpy_subclasses(relu, tmp_path):
    values = np.float32([[1, -2, 3]])
    made = relu(np.asmatrix(values))
    assert type(made) is np.ndarray and made.tolist() == [[1, 0, 3]]
    values.tofile(tmp_path / "values")
    np.testing.assert_array_equal(relu(np.memmap(tmp_path / "values", np.float32, shape=(1, 3))), [[1, 0, 3]])
    np.testing.assert_array_equal(relu(values.view(np.recarray)), [[1, 0, 3]])


def test_arrays_that_only_numpy_understands(relu):
    class Frame:
        def __array__(self, dtype=None, copy=None):
            return np.zeros((1, 3), np.float32)

    with pytest.raises(linnet.InvalidArgument, match="got .*Frame; numpy.asarray makes an array of it"):
        relu(Frame())


def test_swapped_bytes_are_refused_everywhere(relu):
    swapped = np.float32([[1, -2, 3]]).astype(">f4")
    for call in (relu, linnet.OrtValue.ortvalue_from_numpy):
        with pytest.raises(linnet.InvalidArgument, match="arrays of >f4 are not supported"):
            call(swapped)


class CopyingDlpack(OnlyDlpack):
    """Says, as DLPack 1.0 can, that what it gives is a copy."""

    def __dlpack__(self, **keywords):
        return self.array.__dlpack__(copy=True, **keywords)


def test_an_output_whose_memory_is_a_copy_is_refused(relu):
    out = np.zeros((1, 3), np.float32)
    with pytest.raises(linnet.InvalidArgument, match='output "y": .* copy'):
        relu(np.ones((1, 3), np.float32), out=CopyingDlpack(out, False))
