;;; qtune.el --- qtune in Emacs, through eglot (in Emacs since 29)  -*- lexical-binding: t -*-

;; Load this file from init.el, then `M-x eglot' in a .env or a run config. In Python buffers eglot has one
;; server; there the plugin of python-lsp-server says what qtune says.

(add-to-list 'auto-mode-alist '("/\\.env\\(?:\\.[^/]*\\)?\\'" . conf-unix-mode))
(add-to-list 'auto-mode-alist '("\\.env\\'" . conf-unix-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               '((conf-unix-mode conf-toml-mode yaml-mode yaml-ts-mode toml-ts-mode) . ("qtune" "lsp"))))

(provide 'qtune)
;;; qtune.el ends here
