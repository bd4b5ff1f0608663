"""What should the person do now?"""
