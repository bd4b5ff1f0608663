from core.ui import layout, study_page

layout.inside_frame(study_page.main)
