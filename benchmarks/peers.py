"""The runtimes that Hornet is compared with, behind one interface.

A peer is made with the prefix of a network's files ("…/mnist/b1"), the number of threads and the
input; `call()` runs the network once on that input, and `answer()` is the output of the last call.
Each is configured as its makers recommend for one request at a time, in float32, and called in its
cheapest way: inputs and outputs stay in place between calls, where the interface allows.
"""
import os


class OnnxRuntime:
    package = "onnxruntime"

    def __init__(self, prefix, threads, x):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # The default, and its fastest: threads spin between the parallel parts of a call. The
        # process is stopped while others are measured.
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        self.session = onnxruntime.InferenceSession(f"{prefix}.onnx", options,
                                                    providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.binding.bind_cpu_input(self.session.get_inputs()[0].name, x)
        self.binding.bind_output(self.session.get_outputs()[0].name)

    def call(self):
        self.session.run_with_iobinding(self.binding)

    def answer(self):
        return self.binding.copy_outputs_to_cpu()[0]


class OpenVino:
    package = "openvino"

    def __init__(self, prefix, threads, x):
        import openvino

        compiled = openvino.Core().compile_model(f"{prefix}.onnx", "CPU", {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(threads),
            "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it
        })
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(x, shared_memory=True))

    def call(self):
        self.request.infer(share_outputs=True)  # no copy of the results

    def answer(self):
        return self.request.get_output_tensor(0).data


class LiteRt:
    package = "ai-edge-litert"

    def __init__(self, prefix, threads, x):
        from ai_edge_litert.interpreter import Interpreter

        # XNNPACK is the default; it computes in float32 unless told otherwise.
        self.interpreter = Interpreter(f"{prefix}.tflite", num_threads=threads)
        self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], x)

    def call(self):
        self.interpreter.invoke()

    def answer(self):
        return self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"])


class TensorFlow:
    package = "tensorflow"

    def __init__(self, prefix, threads, x):
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
        self.model = tensorflow.saved_model.load(f"{prefix}.saved_model")
        # Faster than the same with its variables as constants, and than XLA.
        self.function = self.model.signatures["serving_default"]
        self.x = tensorflow.constant(x)

    def call(self):
        self.output = self.function(x=self.x)

    def answer(self):
        (output,) = self.output.values()
        return output.numpy()


PEERS = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "litert": LiteRt,
         "tensorflow": TensorFlow}

TITLES = {"hornet": "Hornet", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO",
          "litert": "LiteRT (XNNPACK)", "tensorflow": "TensorFlow"}


def environment(threads):
    """What every worker runs with."""
    return os.environ | {"OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "3",
                         "TF_ENABLE_ONEDNN_OPTS": "1", "CUDA_VISIBLE_DEVICES": ""}
