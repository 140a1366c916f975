"""Launches softmax_kernel on the checker's memory: one program for each row."""

from workbench.kernels import launch

launch(memory, softmax_kernel, grid, x_ptr, out_ptr, x_row_stride, out_row_stride, n_columns, BLOCK=block)
done = True
